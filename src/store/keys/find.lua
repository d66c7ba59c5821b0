local token = P .. ':key:' .. ARGV[3]

-- Answers what stands under a token, the record that it names, and for how long both are there.
local found = redis.call('GET', token)
if not found then return false end
local id = string.match(found, '"id":"([%w_-]+)"')
local f = redis.call('HMGET', P .. ':api-key:' .. id, 'key', 'createdAt', 'rotatedAt')
return { found, redis.call('PTTL', token), f[1], f[2], f[3] }
