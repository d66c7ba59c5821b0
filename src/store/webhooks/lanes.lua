-- How a delivery comes to its message: lanes are dealt from in turn, each up to what its receiver may be sent at one time, and its tenant. A lane leaves the ring when nothing
-- waits in it, when it or its tenant has as many tries under way as it may, and while it is held: because its circuit is open, its receiver asked for a rest, or its
-- endpoint is disabled. Whatever may have it go on puts it back, so that no look is spent on it meanwhile, however many deliveries wait in it.
-- A receiver is proven by a try that succeeded, until one fails. Others, which may take all of their time and more to say nothing, are sent one delivery at a time, and have half of
-- what their tenant may send at one time: who answers is never kept waiting by all who do not.

-- Messages that the queue may hold beside one for each try under way, and lanes looked at in one dealing.
local WEBHOOK_SPARE, WEBHOOK_LOOKS = 16, 50
-- Tries at one time to a receiver that is not proven, and for how long one is.
local PROBES, PROVEN_MS = 1, 3600000

-- How long a message that was handed out may be owed before it is handed out again: whoever was given it may be gone, or have lost the answer with its connection.
local WEBHOOK_RESEND_MS = 1000

-- What was handed out, for the answer: delivery and number of the try, of each.
local webhook_deals = {}

-- Hands out the message of a delivery's next try. It is owed until the try begins.
local function hand_out_message (id)
  redis.call('ZADD', WEBHOOK_OWED, text(NOW + WEBHOOK_RESEND_MS), id)
  webhook_deals[#webhook_deals + 1] = id
  webhook_deals[#webhook_deals + 1] = text(tonumber(redis.call('HGET', delivery_key(id), 'tries') or 0) + 1)
end

local function lane_state (lane)
  return P .. ':lane-state:' .. lane
end

local function hand_out_delivery (id, tenant, lane, is_proven)
  redis.call('ZREM', lane_key(lane), id)
  redis.call('SADD', P .. ':lane-flight:' .. lane, id)
  redis.call('SADD', webhook_flight(tenant), id)
  if not is_proven then redis.call('SADD', webhook_flight(tenant, DOUBTFUL), id) end
  hand_out_message(id)
end

local function has_tenant_room (tenant, is_proven, bounds)
  if redis.call('SCARD', webhook_flight(tenant)) >= bounds.tenantTries then return false end
  return is_proven or redis.call('SCARD', webhook_flight(tenant, DOUBTFUL)) < math.ceil(bounds.tenantTries / 2)
end

local function deal_webhooks ()
  local left = redis.call('ZCARD', WEBHOOK_LEASES) + WEBHOOK_SPARE - redis.call('ZCARD', WEBHOOK_OWED)
  local bounds
  for _ = 1, WEBHOOK_LOOKS do
    local first = left > 0 and redis.call('ZRANGE', WEBHOOK_RING, 0, 0, 'WITHSCORES') or {}
    local lane = first[1]
    if not lane then return end
    bounds = bounds or webhook_bounds()
    local tenant, id = string.match(lane, '^[^:]+'), redis.call('ZRANGE', lane_key(lane), 0, 0)[1]
    local is_proven = redis.call('HEXISTS', lane_state(lane), 'ok') == 1
    local has_room = redis.call('SCARD', P .. ':lane-flight:' .. lane) < (is_proven and bounds.endpointTries or PROBES)
    local is_ready = id and has_room and not redis.call('ZSCORE', WEBHOOK_HELD, lane)
    if is_ready and has_tenant_room(tenant, is_proven, bounds) then
      hand_out_delivery(id, tenant, lane, is_proven)
      left = left - 1
      redis.call('ZADD', WEBHOOK_RING, first[2] + 1, lane)
    else
      redis.call('ZREM', WEBHOOK_RING, lane)
      if is_ready then redis.call('SADD', webhook_parked(tenant, not is_proven and DOUBTFUL), lane) end
      -- Who takes no place leaves it to others.
      if has_tenant_room(tenant, true, bounds) then unpark_lane(webhook_parked(tenant)) end
      if has_tenant_room(tenant, false, bounds) then unpark_lane(webhook_parked(tenant, DOUBTFUL)) end
    end
  end
end

local function answer_with_webhooks (answer)
  deal_webhooks()
  for _, item in ipairs(webhook_deals) do answer[#answer + 1] = item end
  return answer
end

-- A receiver that answers is sent as much as any other.
local function close_circuit (lane)
  local state = lane_state(lane)
  if redis.call('HEXISTS', state, 'ok') == 1 then return end
  redis.call('DEL', state)
  redis.call('HSET', state, 'ok', 1)
  redis.call('PEXPIRE', state, PROVEN_MS)
  local held = redis.call('ZSCORE', WEBHOOK_HELD, lane)
  if held and held ~= 'inf' then free_lane(lane) end
end

-- Notes that a try failed. After so many in a row the circuit opens, for twice as long each time that the probe fails, too. A receiver that asked for a rest is given it.
local function note_failure (lane, rest_ms, most_failures, open_ms, open_max_ms)
  local state = lane_state(lane)
  local failures = redis.call('HINCRBY', state, 'failures', 1)
  redis.call('HDEL', state, 'ok')
  redis.call('PEXPIRE', state, webhook_bounds().giveUpMs) -- nothing that was owed then is owed any more
  local held = tonumber(redis.call('ZSCORE', WEBHOOK_HELD, lane) or 0)
  -- Tries that were under way when it opened count for nothing more.
  if failures >= most_failures and (held == 0 or redis.call('HEXISTS', state, 'open') == 0) then
    local opened = redis.call('HINCRBY', state, 'open', 1)
    rest_ms = math.max(rest_ms, math.min(open_max_ms, open_ms * 2 ^ (opened - 1)))
  end
  if rest_ms > 0 and NOW + rest_ms > held then hold_lane(lane, text(NOW + rest_ms)) end
end
