local worker, last, ttl_ms = ARGV[3], tonumber(ARGV[4]), ARGV[5]
local known, fresh = ARGV[6], ARGV[7]
local key = P .. ':pulse:' .. worker

local count = redis.call('INCR', key)
redis.call('PEXPIRE', key, ttl_ms)
local epoch = redis.call('GET', P .. ':epoch')
-- Whoever finds that writes of its own are gone tells everybody else by another epoch.
if not epoch or (epoch == known and count <= last) then
  epoch = fresh
  redis.call('SET', P .. ':epoch', epoch)
end
return { count, epoch }
