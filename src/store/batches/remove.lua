local tombstone_ms = ARGV[3]

local expires = redis.call('ZSCORE', P .. ':expiring-batches', ID)
if not expires or tonumber(expires) > NOW then return 0 end
if is_newer_batch(ID) then
  put_off(':expiring-batches', ID)
  return 1
end
local tenant = redis.call('HGET', batch_key(ID), 'tenant')
if tenant then
  redis.call('ZREM', P .. ':batches:' .. tenant, ID)
  redis.call('SET', P .. ':gone:' .. ID, tenant, 'PX', tombstone_ms)
end
unlink_batch(ID)
return 1
