local max_bytes, ttl_ms, form, segment = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local key = P .. ':trace:' .. ID

if redis.call('EXISTS', JOB) == 0 then return 0 end
local length = redis.call('STRLEN', key)
if length + #segment > max_bytes then return 0 end
if length == 0 then redis.call('APPEND', key, form) end
redis.call('APPEND', key, segment)
redis.call('PEXPIRE', key, ttl_ms)
return 1
