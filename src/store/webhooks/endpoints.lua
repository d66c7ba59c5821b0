-- What is done to endpoints and to secrets that deliveries are signed with.

local WEBHOOK_VERSION = 1
-- Secrets that sign at one time: another rotation ends the one that has the least time left.
local SECRETS_MOST = 5

-- Has an endpoint be told of its events from now on, or not. What is owed to it waits meanwhile.
local function enable_endpoint (id, tenant, enabled)
  local key, lane = P .. ':webhook:' .. id, tenant .. ':' .. id
  redis.call('HSET', key, 'enabled', enabled and 1 or 0, 'updatedAt', text(NOW))
  if enabled then
    redis.call('HDEL', key, 'disabledReason')
    redis.call('HSET', P .. ':webhook-filters:' .. tenant, id, redis.call('HGET', key, 'events'))
    redis.call('DEL', P .. ':lane-state:' .. lane)
    free_lane(lane)
    announce_webhooks()
  else
    redis.call('HSET', key, 'disabledReason', 'asked')
    redis.call('HDEL', P .. ':webhook-filters:' .. tenant, id)
    hold_lane(lane, '+inf')
  end
end

-- Adds a secret, numbered upwards: when it was made, when it ends (0 for never), and itself. Those before sign on for the grace.
local function add_secret (tenant, endpoint, secret, grace_ms)
  local key = P .. ':webhook-secrets:' .. tenant .. ':' .. endpoint
  local last, former = 0, {}
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    local number = tonumber(fields[i])
    local created, ends, rest = string.match(fields[i + 1], '^(%d+) (%d+) (.*)$')
    local until_ms = tonumber(ends) == 0 and NOW + grace_ms or math.min(tonumber(ends), NOW + grace_ms)
    last = math.max(last, number)
    if until_ms <= NOW then
      redis.call('HDEL', key, number)
    else
      redis.call('HSET', key, number, created .. ' ' .. text(until_ms) .. ' ' .. rest)
      former[#former + 1] = { number = number, ends = until_ms }
    end
  end
  table.sort(former, function (a, b) return a.ends < b.ends end)
  for i = 1, #former - SECRETS_MOST + 1 do redis.call('HDEL', key, former[i].number) end
  redis.call('HSET', key, last + 1, text(NOW) .. ' 0 ' .. secret)
end
