-- Has deliveries wait for a dealing whose time has come, and lanes be dealt from whose rest is over; puts those back whose try was lost with everything that would end
-- it; hands out messages again that nobody sent; and deals. Answers how long it is until the next of them, -1 where there is none; how many there were; and what was handed out.
local limit = tonumber(ARGV[3])
local came = 0

local function each_due (index, act)
  local due = redis.call('ZRANGE', index, '-inf', text(NOW), 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
  for i = 1, #due, 2 do act(due[i], tonumber(due[i + 1])) end
  came = math.max(came, #due / 2)
end

each_due(WEBHOOK_HELD, free_lane)
each_due(WEBHOOK_SCHEDULED, function (id, due)
  redis.call('ZREM', WEBHOOK_SCHEDULED, id)
  local lane = redis.call('HGET', delivery_key(id), 'lane')
  if lane then owe_delivery(id, lane, due) end
end)
each_due(WEBHOOK_LEASES, function (id)
  local f = redis.call('HMGET', delivery_key(id), 'tenant', 'lane')
  redis.call('ZREM', WEBHOOK_LEASES, id)
  if not f[1] then return end
  release_delivery(id, f[1], f[2])
  owe_delivery(id, f[2], NOW)
end)
each_due(WEBHOOK_OWED, function (id)
  if redis.call('EXISTS', delivery_key(id)) == 1 then hand_out_message(id) else redis.call('ZREM', WEBHOOK_OWED, id) end
end)

local next_ms
for _, index in ipairs({ WEBHOOK_HELD, WEBHOOK_SCHEDULED }) do
  local first = tonumber(redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')[2])
  if first and first < math.huge then next_ms = math.min(next_ms or math.huge, math.max(0, first - NOW)) end
end
return answer_with_webhooks({ text(next_ms or -1), came })
