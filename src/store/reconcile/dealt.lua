-- Counts again how many turns of each tenant were handed out. There are not many at one time.
local counts, repairs = {}, 0
for _, member in ipairs(redis.call('ZRANGE', OWED, 0, -1)) do
  local tenant = redis.call('HGET', P .. ':job:' .. string.match(member, '^%S+'), 'tenant')
  if tenant then counts[tenant] = (counts[tenant] or 0) + 1 end
end
local before = redis.call('HGETALL', DEALT)
for i = 1, #before, 2 do
  if counts[before[i]] ~= tonumber(before[i + 1]) then
    redis.call('HDEL', DEALT, before[i])
    repairs = repairs + 1
  else
    counts[before[i]] = nil
  end
end
for tenant, count in pairs(counts) do redis.call('HSET', DEALT, tenant, count) end
return repairs
