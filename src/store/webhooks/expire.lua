-- Gives up deliveries that are older than all tries take, and removes those whose time in the log is over; at most so many of each. Answers how many.
local limit = tonumber(ARGV[3])

local function each_due (index, act)
  local due = redis.call('ZRANGE', P .. index, '-inf', text(NOW), 'BYSCORE', 'LIMIT', 0, limit)
  for _, id in ipairs(due) do
    if is_newer(delivery_key(id), DELIVERY_VERSION) then put_off(index, id) else act(id) end
  end
  return #due
end

local removed = each_due(':webhook-expiring', remove_delivery)
local bounds = webhook_bounds()
local given_up = each_due(':webhook-pending', function (id)
  local f = redis.call('HMGET', delivery_key(id), 'tenant', 'status')
  if f[2] == 'pending' then end_delivery(id, f[1], 'dead', 'expired', bounds) else redis.call('ZREM', WEBHOOK_PENDING, id) end
end)
return math.max(given_up, removed)
