-- What an event owes to webhooks: a delivery for each of its targets, made in the script that appends the event, so that there is never one without the other. A
-- lane is what one receiver is sent: those of a lane wait in its list, and lanes are dealt from in turn (`webhooks/lanes.lua`). HOOKED comes before this.

local DELIVERY_VERSION = 1
-- What a delivery counts for among the bytes that a tenant has undelivered, beside its body: what it was measured to take, with its places in lists.
local DELIVERY_BYTES = 1400
local WEBHOOK_RING, WEBHOOK_HELD, WEBHOOK_OWED = P .. ':webhook-ring', P .. ':webhook-held', P .. ':webhook-owed'
local WEBHOOK_LEASES, WEBHOOK_SCHEDULED = P .. ':webhook-leases', P .. ':webhook-scheduled'
local WEBHOOK_PENDING, WEBHOOK_EXPIRING = P .. ':webhook-pending', P .. ':webhook-expiring'

-- What workers were told by their operator, in the order of `WebhookBounds`; what stands here counts until one was started.
local known_bounds
local function webhook_bounds ()
  if known_bounds then return known_bounds end
  local f = redis.call('HMGET', P .. ':webhook-bounds', 'owedBytes', 'logEntries', 'retentionMs', 'giveUpMs', 'endpointTries', 'tenantTries')
  known_bounds = {
    owedBytes = tonumber(f[1] or 268435456), logEntries = tonumber(f[2] or 10000), retentionMs = tonumber(f[3] or 259200000), giveUpMs = tonumber(f[4] or 604800000),
    endpointTries = tonumber(f[5] or 4), tenantTries = tonumber(f[6] or 16),
  }
  return known_bounds
end

-- Tells workers that there is something to deliver. One word is enough for all of it.
local is_announced = false
local function announce_webhooks ()
  if not is_announced then redis.call('PUBLISH', P .. ':webhooks-owed', '') end
  is_announced = true
end

local function delivery_key (id)
  return P .. ':delivery:' .. id
end

local function deliveries_key (tenant, status)
  return P .. ':deliveries:' .. tenant .. (status and ':' .. status or '')
end

local function lane_key (lane)
  return P .. ':lane:' .. lane
end

local function count_webhook (what)
  redis.call('HINCRBY', P .. ':webhook-totals', what, 1)
end

local function use_webhook_bytes (tenant, key, bytes)
  redis.call('HINCRBY', key, 'bytes', bytes)
  if redis.call('HINCRBY', P .. ':webhook-bytes', tenant, bytes) <= 0 then redis.call('HDEL', P .. ':webhook-bytes', tenant) end
end

-- Puts a lane among those that are dealt from, beside the one that was dealt from least. Only a dealing takes it out again (`deal_webhooks`).
local function join_webhook_ring (lane)
  redis.call('ZADD', WEBHOOK_RING, 'NX', redis.call('ZRANGE', WEBHOOK_RING, 0, 0, 'WITHSCORES')[2] or 0, lane)
end

-- Leaves a receiver alone until then: a time, or `+inf` for until somebody says otherwise.
local function hold_lane (lane, ends)
  redis.call('ZADD', WEBHOOK_HELD, ends, lane)
end

-- Has a lane be dealt from again.
local function free_lane (lane)
  redis.call('ZREM', WEBHOOK_HELD, lane)
  join_webhook_ring(lane)
end

-- Has a delivery wait for its time, or for the next dealing.
local function owe_delivery (id, lane, due)
  if due > NOW then
    redis.call('ZADD', WEBHOOK_SCHEDULED, text(due), id)
  else
    redis.call('ZADD', lane_key(lane), text(due), id)
    join_webhook_ring(lane)
  end
end

-- Deliveries of a tenant that were dealt, until their try is over, and lanes that wait for one of their places; with DOUBTFUL, of receivers alone that are not proven.
local DOUBTFUL = ':doubtful'

local function webhook_flight (tenant, which)
  return P .. ':webhook-flight:' .. tenant .. (which or '')
end

local function webhook_parked (tenant, which)
  return P .. ':webhook-parked:' .. tenant .. (which or '')
end

-- Has one go on of those that wait. It may be held by now, or have nothing left: then the dealing that finds that has another go on.
local function unpark_lane (parked)
  local lane = redis.call('SPOP', parked)
  if lane then join_webhook_ring(lane) end
end

-- Takes a delivery out of all that leads to another try, and lets those go on that waited for its place.
local function release_delivery (id, tenant, lane)
  redis.call('ZREM', lane_key(lane), id)
  for _, index in ipairs({ WEBHOOK_SCHEDULED, WEBHOOK_OWED, WEBHOOK_LEASES }) do redis.call('ZREM', index, id) end
  if redis.call('SREM', P .. ':lane-flight:' .. lane, id) == 0 then return end
  redis.call('SREM', webhook_flight(tenant), id)
  redis.call('SREM', webhook_flight(tenant, DOUBTFUL), id)
  if redis.call('EXISTS', lane_key(lane)) == 1 then join_webhook_ring(lane) end
  unpark_lane(webhook_parked(tenant))
  unpark_lane(webhook_parked(tenant, DOUBTFUL))
end

-- Removes a delivery with all that it stored.
local function remove_delivery (id)
  local f = redis.call('HMGET', delivery_key(id), 'tenant', 'status', 'lane', 'subject', 'bytes')
  local tenant = f[1]
  redis.call('UNLINK', delivery_key(id))
  for _, index in ipairs({ WEBHOOK_SCHEDULED, WEBHOOK_OWED, WEBHOOK_LEASES, WEBHOOK_PENDING, WEBHOOK_EXPIRING }) do redis.call('ZREM', index, id) end
  if not tenant then return end
  if f[2] == 'pending' then
    release_delivery(id, tenant, f[3])
    if redis.call('HINCRBY', P .. ':webhook-bytes', tenant, -tonumber(f[5] or 0)) <= 0 then redis.call('HDEL', P .. ':webhook-bytes', tenant) end
  end
  redis.call('ZREM', deliveries_key(tenant), id)
  redis.call('ZREM', deliveries_key(tenant, f[2]), id)
  redis.call('SREM', P .. ':hooked:' .. f[4], id)
end

-- Removes what was owed, or was delivered, of events of a job or a batch.
local function remove_deliveries_of (subject)
  for _, id in ipairs(redis.call('SMEMBERS', P .. ':hooked:' .. subject)) do remove_delivery(id) end
  redis.call('UNLINK', P .. ':hooked:' .. subject)
end

-- Ends a delivery: the only way out of `pending`. It stays in the log, which is bounded by count and age.
local function end_delivery (id, tenant, status, reason, bounds)
  local key = delivery_key(id)
  local f = redis.call('HMGET', key, 'bytes', 'lane')
  release_delivery(id, tenant, f[2])
  use_webhook_bytes(tenant, key, -tonumber(f[1] or 0))
  redis.call('HDEL', key, 'body', 'nextAt', 'holder', 'begunAt', 'bytes')
  redis.call('HSET', key, 'status', status, 'finishedAt', text(NOW), 'expiresAt', text(NOW + bounds.retentionMs))
  if reason then redis.call('HSET', key, 'reason', reason) end
  redis.call('ZREM', WEBHOOK_PENDING, id)
  redis.call('ZADD', WEBHOOK_EXPIRING, text(NOW + bounds.retentionMs), id)
  redis.call('ZREM', deliveries_key(tenant, 'pending'), id)
  redis.call('ZADD', deliveries_key(tenant, status), redis.call('HGET', key, 'createdAt'), id)
  count_webhook(reason or status)
  local surplus = redis.call('ZCARD', deliveries_key(tenant, status)) - bounds.logEntries
  for _, old in ipairs(surplus > 0 and redis.call('ZRANGE', deliveries_key(tenant, status), 0, math.min(surplus, 2) - 1) or {}) do remove_delivery(old) end
end

local function has_webhook_room (tenant, bounds)
  return tonumber(redis.call('HGET', P .. ':webhook-bytes', tenant) or 0) + DELIVERY_BYTES <= bounds.owedBytes
end

-- Begins a delivery, new or once more. Where the tenant has as much undelivered as it may, it is given up at once: the log tells of it.
local function begin_delivery (id, tenant, lane, created)
  local bounds = webhook_bounds()
  redis.call('HSET', delivery_key(id), 'status', 'pending', 'bytes', DELIVERY_BYTES)
  redis.call('ZADD', deliveries_key(tenant, 'pending'), created, id)
  local owed = redis.call('HINCRBY', P .. ':webhook-bytes', tenant, DELIVERY_BYTES)
  if owed > bounds.owedBytes then return end_delivery(id, tenant, 'dead', 'full', bounds) end
  redis.call('ZREM', WEBHOOK_EXPIRING, id)
  redis.call('ZADD', WEBHOOK_PENDING, text(NOW + bounds.giveUpMs), id)
  owe_delivery(id, lane, NOW)
  announce_webhooks()
end

-- How many deliveries this script made, for those that end many jobs: each takes a multiple of what the end of a job does.
local deliveries_made = 0

-- Makes the delivery of an event to one target, once. Answers its id.
local function make_delivery (tenant, subject, event, type, target, lane, traceparent)
  local id = 'whd_' .. string.sub(redis.sha1hex(event .. ' ' .. target), 1, 32)
  local key = delivery_key(id)
  if redis.call('EXISTS', key) == 1 then return id end
  redis.call('HSET', key, 'v', DELIVERY_VERSION, 'tenant', tenant, 'subject', subject, 'event', event, 'type', type, 'target', target, 'lane', lane, 'createdAt', text(NOW), 'tries', 0, 'step', 0)
  if traceparent then redis.call('HSET', key, 'traceparent', traceparent) end
  redis.call('SADD', P .. ':hooked:' .. subject, id)
  redis.call('ZADD', deliveries_key(tenant), text(NOW), id)
  begin_delivery(id, tenant, lane, text(NOW))
  deliveries_made = deliveries_made + 1
  return id
end

local function wants (events, type)
  return string.find(events, ',' .. type .. ',', 1, true)
end

-- Owes what an event is to be told to: the webhook of its own that the job or batch came with, and the endpoints of the tenant. The first is the part of its lane's
-- name that tells receivers apart, and its events; the filters of endpoints are their events.
local function owe_webhooks (record_key, subject, sequence, type)
  if not HOOKED[type] then return end
  local f = redis.call('HMGET', record_key, 'tenant', 'hook', 'traceparent')
  local tenant, event = f[1], subject .. '-' .. text(sequence)
  if is_erasing(tenant) then return end -- nobody is told of what is to be gone
  local receiver, events = string.match(f[2] or '', '^(%S+) (%S+)$')
  if receiver and wants(events, type) then make_delivery(tenant, subject, event, type, 'own', tenant .. ':' .. receiver, f[3]) end
  local filters = redis.call('HGETALL', P .. ':webhook-filters:' .. tenant)
  for i = 1, #filters, 2 do
    if wants(filters[i + 1], type) then make_delivery(tenant, subject, event, type, filters[i], tenant .. ':' .. filters[i], f[3]) end
  end
end
