-- Gives a key of version 1, which was nothing but what stood under its token, a record and a place in its tenant's list.
local tenant, id, key, hash, created = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local record, token = P .. ':api-key:' .. id, P .. ':key:' .. hash

local left = redis.call('PTTL', token)
if left == -2 or is_erasing(tenant) then return 0 end
redis.call('HSET', record, 'v', KEY_VERSION, 'tenant', tenant, 'key', key, 'createdAt', created, 'token:' .. hash, '')
redis.call('ZADD', P .. ':keys:' .. tenant, 0, id)
if left > 0 then redis.call('PEXPIRE', record, left) end
return 1
