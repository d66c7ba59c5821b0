-- Commits what is durable of an upload.
local holder, extents, idle_ms = ARGV[3], ARGV[4], tonumber(ARGV[5])

local f = redis.call('HMGET', file_key(ID), 'tenant', 'holder', 'status', 'charged')
if not f[1] or f[2] ~= holder or f[3] ~= 'partial' then return { 'lost' } end
if is_erasing(f[1]) then return ERASING end
local bytes = sum_extents(extents)
change_extents(ID, extents)
charge_file(ID, f[1], math.max(bytes, tonumber(f[4])))
redis.call('HSET', file_key(ID), 'extents', extents, 'bytes', text(bytes), 'updatedAt', text(NOW))
redis.call('ZADD', FILES_EXPIRING, text(NOW + idle_ms), ID)
return { 'saved' }
