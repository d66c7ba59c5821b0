local limit = tonumber(ARGV[3])

-- Has turns wait for a dealing whose time has come, and deals. Answers how long it is until the next is due, -1 where there is none; how many
-- came; and what was handed out.
local due = redis.call('ZRANGE', P .. ':scheduled', '-inf', text(NOW), 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
for i = 1, #due, 2 do
  local member = due[i]
  redis.call('ZREM', P .. ':scheduled', member)
  local f = redis.call('HMGET', P .. ':job:' .. string.match(member, '^%S+'), 'tenant', 'bounds')
  if f[2] then
    local _, _, level = read_bounds(f[2])
    owe_turn(f[1], level, tonumber(due[i + 1]), member)
  end
end
deal()

local first = redis.call('ZRANGE', P .. ':scheduled', 0, 0, 'WITHSCORES')
local next_ms = first[2] and math.max(0, tonumber(first[2]) - NOW) or -1
return answer_with_deals({ text(next_ms), #due / 2 })
