-- Ends an upload: its name stands for it from now on. Whoever had the name before is dropped.
local holder, extents, sha256 = ARGV[3], ARGV[4], ARGV[5]

local f = redis.call('HMGET', file_key(ID), 'tenant', 'holder', 'status', 'name', 'ttlMs')
local tenant, name = f[1], f[4]
if tenant and f[2] == holder and f[3] == 'complete' then return { 'complete', redis.call('HGETALL', file_key(ID)) } end -- its answer was lost on the way
if not tenant or f[2] ~= holder or f[3] ~= 'partial' then return { 'lost' } end
if is_erasing(tenant) then return ERASING end
local bytes, expires = sum_extents(extents), text(NOW + tonumber(f[5]))
change_extents(ID, extents)
charge_file(ID, tenant, bytes)
unlist_file(ID, tenant, name, nil, 'partial')
local names = names_key(tenant, nil, 'complete')
local former = redis.call('HGET', names, name)
if former then drop_file(former) end
redis.call('HSET', names, name, ID)
redis.call('HSET', file_key(ID), 'status', 'complete', 'extents', extents, 'bytes', text(bytes), 'sha256', sha256, 'createdAt', text(NOW), 'updatedAt', text(NOW), 'expiresAt', expires)
redis.call('ZADD', P .. ':files:' .. tenant, text(NOW), ID)
redis.call('ZADD', FILES_EXPIRING, expires, ID)
return { 'complete', redis.call('HGETALL', file_key(ID)) }
