-- Counts again how many turns of each tenant were handed out. There are not many at one time. A tenant of which too many were counted may have been passed over.
local counts, repairs = {}, 0
for _, member in ipairs(redis.call('ZRANGE', OWED, 0, -1)) do
  local tenant = redis.call('HGET', P .. ':job:' .. string.match(member, '^%S+'), 'tenant')
  if tenant then counts[tenant] = (counts[tenant] or 0) + 1 end
end

local function correct (tenant, count)
  if count then redis.call('HSET', DEALT, tenant, count) else redis.call('HDEL', DEALT, tenant) end
  rejoin_ring(tenant)
  repairs = repairs + 1
end

local before = redis.call('HGETALL', DEALT)
for i = 1, #before, 2 do
  local tenant = before[i]
  if counts[tenant] ~= tonumber(before[i + 1]) then correct(tenant, counts[tenant]) end
  counts[tenant] = nil
end
for tenant, count in pairs(counts) do correct(tenant, count) end
return repairs
