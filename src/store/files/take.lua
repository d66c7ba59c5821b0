-- Takes an upload over from whoever writes it: the next commit of that one is refused.
local offset, holder, idle_ms = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])

local f = redis.call('HMGET', file_key(ID), 'status', 'bytes', 'tenant')
if f[1] ~= 'partial' then return { 'missing' } end
if is_erasing(f[3]) then return ERASING end
if tonumber(f[2]) ~= offset then return { 'conflict', f[2] } end
redis.call('HSET', file_key(ID), 'holder', holder)
redis.call('ZADD', FILES_EXPIRING, text(NOW + idle_ms), ID)
return { 'taken' }
