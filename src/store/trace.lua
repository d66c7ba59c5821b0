local max_bytes, ttl_ms, form, segment = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local key = P .. ':trace:' .. ID

if redis.call('EXISTS', JOB) == 0 then return 0 end
local before = redis.call('GET', key) or form
if #before + #segment > max_bytes then return 0 end
-- Written as a whole: what is appended to gets twice the room that it needs.
redis.call('SET', key, before .. segment, 'PX', ttl_ms)
return 1
