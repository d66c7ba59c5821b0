-- Makes a delivery once more, its schedule from the beginning. A pending one is due at once instead, unless a try of it is under way.
local tenant = ARGV[3]
local key = delivery_key(ID)

if is_erasing(tenant) then return ERASING end
if is_newer(key, DELIVERY_VERSION) then return NEWER end
local f = redis.call('HMGET', key, 'tenant', 'status', 'lane', 'target', 'subject')
if f[1] ~= tenant then return 'missing' end
if f[2] == 'pending' then
  if redis.call('ZREM', WEBHOOK_SCHEDULED, ID) == 0 then return 'pending' end
  redis.call('HDEL', key, 'nextAt')
  owe_delivery(ID, f[3], NOW)
  redis.call('PUBLISH', P .. ':webhooks-owed', '')
  return 'redelivered'
end
if f[4] ~= 'own' and redis.call('HGET', P .. ':webhook:' .. f[4], 'enabled') ~= '1' then return 'deleted' end
if f[4] == 'own' and redis.call('EXISTS', P .. ':job:' .. f[5], P .. ':batch:' .. f[5]) == 0 then return 'removed' end
redis.call('ZREM', deliveries_key(tenant, f[2]), ID)
redis.call('HDEL', key, 'reason', 'finishedAt', 'expiresAt')
redis.call('HSET', key, 'step', 0)
return begin_delivery(ID, tenant, f[3]) and 'redelivered' or 'full'
