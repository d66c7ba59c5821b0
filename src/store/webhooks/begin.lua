-- Begins a try of a delivery, for whoever has its message. A message that comes again is of a worker that is gone, or that lost it: the try is this holder's from then on.
local try, holder, lease_ms = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local key = delivery_key(ID)

local f = redis.call('HMGET', key, 'tenant', 'status', 'tries', 'step', 'lane', 'target', 'event', 'type', 'subject', 'createdAt', 'body', 'traceparent', 'holder')
local tenant, lane, target = f[1], f[5], f[6]
if is_newer(key, DELIVERY_VERSION) then
  if redis.call('ZSCORE', WEBHOOK_OWED, ID) then -- else a worker that knows it has it
    release_delivery(ID, tenant, lane)
    owe_delivery(ID, lane, NOW + NEWER_REST_MS)
  end
  return answer_with_webhooks({ 'drop' })
end
local is_dealt = redis.call('ZSCORE', WEBHOOK_OWED, ID) or redis.call('ZSCORE', WEBHOOK_LEASES, ID)
if f[2] ~= 'pending' or tonumber(f[3]) + 1 ~= try or not is_dealt then return { 'drop' } end -- where another try is owed, that is owed on
if is_erasing(tenant) then
  redis.call('ZREM', WEBHOOK_OWED, ID) -- it would be sent again and again
  return { 'drop' }
end

local address = ''
if target ~= 'own' then
  address = redis.call('HGET', P .. ':webhook:' .. target, 'address')
  if not address then
    end_delivery(ID, tenant, 'dead', 'deleted', webhook_bounds())
    return answer_with_webhooks({ 'drop' })
  end
end

redis.call('ZREM', WEBHOOK_OWED, ID)
redis.call('ZADD', WEBHOOK_LEASES, text(NOW + lease_ms), ID)
if f[13] and f[13] ~= holder then redis.call('HINCRBY', key, 'lost', 1) end -- nobody knows how that one went
redis.call('HSET', key, 'holder', holder, 'begunAt', text(NOW))
local secrets = redis.call('HGETALL', P .. ':webhook-secrets:' .. tenant .. ':' .. (target == 'own' and '' or target))
return answer_with_webhooks({ 'try', tenant, f[4], target, f[7], f[8], f[9], f[10], text(NOW), address, f[11] or '', f[12] or '', secrets })
