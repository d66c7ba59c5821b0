-- Gives up deliveries that are older than all tries take, and removes those whose time in the log is over; at most so many. Answers how many.
local limit = tonumber(ARGV[3])

local due = redis.call('ZRANGE', WEBHOOK_UNTIL, '-inf', text(NOW), 'BYSCORE', 'LIMIT', 0, limit)
local bounds = webhook_bounds()
for _, id in ipairs(due) do
  local f = redis.call('HMGET', delivery_key(id), 'tenant', 'status', 'v')
  if tonumber(f[3] or 1) > DELIVERY_VERSION then
    put_off(':webhook-until', id)
  elseif f[2] == 'pending' then
    end_delivery(id, f[1], 'dead', 'expired', bounds)
  else
    remove_delivery(id)
  end
end
return #due
