-- Takes the next step that is due, or one of that order, due or not, for as long as a step may take. Answers the order, and how many of the jobs that it made
-- have not ended.
local only, lease_ms = ARGV[3], tonumber(ARGV[4])

local id = only
if only == '' then
  id = redis.call('ZRANGE', P .. ':sweeps', '-inf', text(NOW), 'BYSCORE', 'LIMIT', 0, 1)[1]
  if not id then return false end
end
if not redis.call('ZSCORE', P .. ':sweeps', id) then return false end
local key, flight = P .. ':sweep:' .. id, P .. ':sweep:' .. id .. ':flight'
local fields = redis.call('HGETALL', key)
if #fields == 0 then
  redis.call('ZREM', P .. ':sweeps', id)
  return false
end

redis.call('ZADD', P .. ':sweeps', text(NOW + lease_ms), id)
if is_newer(key, SWEEP_VERSION) then return false end
for _, job in ipairs(redis.call('SMEMBERS', flight)) do
  local status = redis.call('HGET', P .. ':job:' .. job, 'status')
  if not status or TERMINAL[status] then
    redis.call('SREM', flight, job)
    redis.call('HINCRBY', key, 'ended:' .. (status or 'removed'), 1)
  end
end
return { id, redis.call('SCARD', flight), unpack(redis.call('HGETALL', key)) }
