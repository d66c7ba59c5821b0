local limit = tonumber(ARGV[3])

-- Answers how long it is until the next is due, -1 where there is none, and then those that are due now: they are owed from here on.
local answer = { -1 }
for _, member in ipairs(redis.call('ZRANGE', P .. ':scheduled', '-inf', text(NOW), 'BYSCORE', 'LIMIT', 0, limit)) do
  redis.call('ZREM', P .. ':scheduled', member)
  redis.call('ZADD', P .. ':owed:dispatch', text(NOW), member)
  answer[#answer + 1] = member
end
local first = redis.call('ZRANGE', P .. ':scheduled', 0, 0, 'WITHSCORES')
if first[2] then answer[1] = math.max(0, tonumber(first[2]) - NOW) end
return answer
