-- Removes what has expired of the tenant whose next entry does first, at most so many. Answers how many, -1 where nobody's has.
local limit = tonumber(ARGV[3])

local tenant = redis.call('ZRANGEBYSCORE', KV_DUE, '-inf', text(NOW), 'LIMIT', 0, 1)[1]
if not tenant then return -1 end
local kv = open_kv(tenant)
local purged = purge_kv(kv, limit)
if purged == 0 then plan_kv(kv) end -- it was planned for what is not there
return purged
