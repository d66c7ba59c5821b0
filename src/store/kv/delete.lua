local tenant, fence, key = ARGV[3], ARGV[4], ARGV[5]
local kv = open_kv(tenant)

local refusal = refuse_write(tenant, fence)
if refusal then return refusal end
local was_there = not has_expired(kv, key)
return { 'done', drop_entry(kv, key) == 1 and was_there and 1 or 0 }
