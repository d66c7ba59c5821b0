-- Makes a delivery once more, its schedule from the beginning, unless that can come to nothing. A pending one is due at once instead, unless a try of it is under way.
local tenant = ARGV[3]
local key = delivery_key(ID)

if is_erasing(tenant) then return ERASING end
local f = redis.call('HMGET', key, 'tenant', 'status', 'lane', 'target', 'subject', 'createdAt')
if f[1] ~= tenant then return 'missing' end
if is_newer(key, DELIVERY_VERSION) then return NEWER end
local status, lane, target, subject = f[2], f[3], f[4], f[5]
if status == 'pending' then
  if redis.call('ZREM', WEBHOOK_SCHEDULED, ID) == 0 then return 'pending' end
  redis.call('HDEL', key, 'nextAt')
  owe_delivery(ID, lane, NOW)
  announce_webhooks()
  return 'redelivered'
end
if target ~= 'own' and redis.call('HGET', P .. ':webhook:' .. target, 'enabled') ~= '1' then return 'deleted' end
if subject ~= target and redis.call('EXISTS', P .. ':job:' .. subject, batch_key(subject)) == 0 then return 'removed' end
if not has_webhook_room(tenant, webhook_bounds()) then return 'full' end
redis.call('ZREM', deliveries_key(tenant, status), ID)
redis.call('HDEL', key, 'reason', 'finishedAt', 'expiresAt')
redis.call('HSET', key, 'step', 0)
begin_delivery(ID, tenant, lane, f[6])
return 'redelivered'
