-- Removes a job of a tenant that is being erased, in whatever state it is, and leaves no trace of it. One that runs is asked to end, and removed after that. One of a
-- newer version is left to workers that know it. Answers what it made of it, and the turn that the queue may have a message for.
local digest, erasure, tenant = ARGV[3], ARGV[4], ARGV[5]

if not is_under(digest, erasure) then return { 'none' } end
local job = read_job()
if not job or job.tenant ~= tenant then
  -- The lists were wrong.
  redis.call('ZREM', P .. ':jobs:' .. tenant, ID)
  for _, status in ipairs(STATES) do redis.call('ZREM', P .. ':jobs:' .. tenant .. ':' .. status, ID) end
  return { 'none' }
end
if job.isNewer then return { 'left' } end
if job.status == 'running' then
  redis.call('ZREM', P .. ':expiring', ID) -- first, as in take.lua
  redis.call('HSET', JOB, 'cancel', 1)
  redis.call('PUBLISH', P .. ':cancel', ID)
  return { 'left' }
end
if not TERMINAL[job.status] then strike_turn(tenant, job.level, ID .. ' ' .. job.turn) end
redis.call('ZREM', P .. ':running', ID)
remove_job(tenant, job.status, redis.call('HGET', JOB, 'code'), nil)
redis.call('PUBLISH', P .. ':ended:' .. ID, 'cancelled') -- whoever waits for it looks again
redis.call('HINCRBY', P .. ':erasure:' .. digest, 'jobs', 1)
return { 'removed', job.turn }
