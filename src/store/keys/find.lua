local token = P .. ':key:' .. ARGV[3]

-- Answers what stands under a token, the record that it names, for how long both are there, and the ceilings of the tenant.
local found = redis.call('GET', token)
if not found then return false end
local id = string.match(found, '"id":"([%w_-]+)"')
local f = redis.call('HMGET', P .. ':api-key:' .. id, 'key', 'createdAt', 'rotatedAt')
local tenant = string.match(f[1] or found, '"tenant":"([%w_-]+)"')
return { found, redis.call('PTTL', token), f[1], f[2], f[3], tenant and redis.call('HGET', P .. ':ceilings', tenant) }
