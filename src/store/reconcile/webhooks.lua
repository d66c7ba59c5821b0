-- Brings what belongs to webhooks in line with the records of deliveries and endpoints. Answers how many things it put right.
local kind, name, member = ARGV[3], ARGV[4], ARGV[5]
local INDEX = P .. ':' .. name

local function keep (index, score, id)
  return redis.call('ZADD', index, 'NX', score, id)
end

-- A delivery, which is nobody's where its job, batch or endpoint is not there.
local function repair_delivery (id)
  local key = delivery_key(id)
  if is_newer(key, DELIVERY_VERSION) then return 0 end
  local f = redis.call('HMGET', key, 'tenant', 'status', 'lane', 'subject', 'createdAt', 'expiresAt', 'nextAt')
  local tenant, status, lane, subject = f[1], f[2], f[3], f[4]
  if not status then return 0 end
  if redis.call('EXISTS', P .. ':job:' .. subject, batch_key(subject), P .. ':webhook:' .. subject) == 0 then
    remove_delivery(id)
    return 1
  end
  local repairs = keep(deliveries_key(tenant), f[5], id) + keep(deliveries_key(tenant, status), f[5], id) + redis.call('SADD', P .. ':hooked:' .. subject, id)
  if status ~= 'pending' then return repairs + keep(WEBHOOK_EXPIRING, f[6] or text(NOW), id) end
  repairs = repairs + keep(WEBHOOK_PENDING, text(NOW + webhook_bounds().giveUpMs), id)
  local waits = redis.call('ZSCORE', lane_key(lane), id) or redis.call('ZSCORE', WEBHOOK_SCHEDULED, id)
  local is_dealt = redis.call('ZSCORE', WEBHOOK_OWED, id) or redis.call('ZSCORE', WEBHOOK_LEASES, id)
  if waits or is_dealt then return repairs end
  release_delivery(id, tenant, lane)
  owe_delivery(id, lane, tonumber(f[7] or NOW))
  return repairs + 1
end

-- Whether a delivery has a place in an index by its record.
local function belongs (id)
  local f = redis.call('HMGET', delivery_key(id), 'tenant', 'status', 'lane', 'subject')
  if not f[2] then return false end
  if kind == 'deliveries' then return name == 'deliveries:' .. f[1] or name == 'deliveries:' .. f[1] .. ':' .. f[2] end
  if kind == 'hooked' then return name == 'hooked:' .. f[4] end
  if kind == 'webhook-expiring' then return f[2] ~= 'pending' end
  if f[2] ~= 'pending' then return false end
  if kind == 'lane' then return name == 'lane:' .. f[3] end
  if kind == 'lane-flight' or kind == 'webhook-flight' then return redis.call('ZSCORE', WEBHOOK_OWED, id) or redis.call('ZSCORE', WEBHOOK_LEASES, id) end
  return true
end

if kind == 'delivery' then return repair_delivery(member) end
if kind == 'webhooks' then return redis.call('EXISTS', P .. ':webhook:' .. member) == 0 and redis.call('ZREM', INDEX, member) or 0 end
if kind == 'webhook-filters' then return redis.call('HGET', P .. ':webhook:' .. member, 'enabled') ~= '1' and redis.call('HDEL', INDEX, member) or 0 end
if kind == 'webhook-secrets' then
  local endpoint = string.match(name, ':([^:]*)$')
  return endpoint ~= '' and redis.call('EXISTS', P .. ':webhook:' .. endpoint) == 0 and redis.call('UNLINK', INDEX) or 0
end
if kind == 'webhook-bytes' then return redis.call('EXISTS', deliveries_key(member, 'pending')) == 0 and redis.call('HDEL', INDEX, member) or 0 end
if kind == 'webhook' then -- an endpoint that is there
  local f = redis.call('HMGET', INDEX, 'tenant', 'enabled', 'events')
  if not f[1] then return 0 end
  local added = f[2] == '1' and redis.call('HSETNX', P .. ':webhook-filters:' .. f[1], member, f[3]) or 0
  return added + keep(P .. ':webhooks:' .. f[1], 0, member)
end
if kind == 'webhook-parked' then -- a lane: those under way have it go on
  if redis.call('EXISTS', P .. ':webhook-flight:' .. string.match(member, '^[^:]+')) == 1 then return 0 end
  join_webhook_ring(member)
  return redis.call('SREM', INDEX, member)
end
if belongs(member) then
  if kind == 'lane' then join_webhook_ring(string.sub(name, 6)) end
  return 0
end
return redis.call((kind == 'hooked' or kind == 'lane-flight' or kind == 'webhook-flight') and 'SREM' or 'ZREM', INDEX, member)
