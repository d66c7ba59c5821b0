-- Owes an endpoint a delivery that tells of nothing, to try it out. One that is disabled is not asked.
local tenant, id = ARGV[3], ARGV[4]

if is_erasing(tenant) then return ERASING end
local f = redis.call('HMGET', P .. ':webhook:' .. id, 'tenant', 'enabled')
if f[1] ~= tenant then return nil end
return make_delivery(tenant, id, id .. '-test-' .. text(NOW), 'webhook.test', id, tenant .. ':' .. id)
