-- Has the tenant stand where its next entry that expires says. Answers whether it stood elsewhere.
local tenant = ARGV[3]

local before = redis.call('ZSCORE', KV_DUE, tenant)
plan_kv(open_kv(tenant))
return redis.call('ZSCORE', KV_DUE, tenant) == before and 0 or 1
