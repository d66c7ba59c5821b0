-- Removes a batch of a tenant that is being erased, and leaves no trace of it.
local digest, erasure, tenant = ARGV[3], ARGV[4], ARGV[5]

if not is_under(digest, erasure) then return 'none' end
local owner = redis.call('HGET', batch_key(ID), 'tenant')
if owner == tenant and is_newer_batch(ID) then return 'left' end
redis.call('ZREM', P .. ':batches:' .. tenant, ID)
if owner ~= tenant then return 'none' end
unlink_batch(ID)
redis.call('PUBLISH', P .. ':ended:' .. ID, 'cancelled')
redis.call('HINCRBY', P .. ':erasure:' .. digest, 'batches', 1)
return 'removed'
