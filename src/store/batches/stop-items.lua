-- Ends the next items of a cancelled batch, and asks for the end of those that run. Answers 1 while there are more.
local limit, retention_ms, failure = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local BATCH, KEY = ID, batch_key(ID)
-- Deliveries of webhooks after which the rest is left to the next step: each takes some 50 µs.
local DELIVERIES_MOST = 100

local f = redis.call('HMGET', KEY, 'stopped', 'total', 'cancel', 'finishedAt')
local from = tonumber(f[1] or 0)
local to = math.min(from + limit, tonumber(f[2] or 0))
if not f[3] or f[4] then
  redis.call('ZREM', P .. ':cancelling-batches', BATCH)
  return 0
end
if is_newer_batch(BATCH) then
  put_off(':cancelling-batches', BATCH)
  return 0
end
for index = from, to - 1 do
  if deliveries_made >= DELIVERIES_MOST then
    to = index
    break
  end
  about(item_id(BATCH, index))
  local job = read_job()
  if job and job.status == 'running' then
    redis.call('HSET', JOB, 'cancel', 1)
    redis.call('PUBLISH', P .. ':cancel', ID)
  elseif job and not job.isNewer and not TERMINAL[job.status] then -- one that is newer is cancelled when its turn comes
    end_job(job, 'cancelled', failure, '{}', retention_ms)
  end
end
redis.call('HSET', KEY, 'stopped', to)
if to < tonumber(f[2]) then return 1 end
redis.call('ZREM', P .. ':cancelling-batches', BATCH)
return 0
