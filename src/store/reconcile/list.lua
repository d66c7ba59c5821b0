-- Puts a job into the lists that it is missing from. Its times come from the record, which may be folded.
local created, expires = ARGV[3], ARGV[4]

local f = redis.call('HMGET', JOB, 'tenant', 'status')
if not f[2] then return 0 end
local jobs = P .. ':jobs:' .. f[1]
redis.call('SADD', P .. ':tenants', f[1])
local added = redis.call('ZADD', jobs, 'NX', created, ID) + redis.call('ZADD', jobs .. ':' .. f[2], 'NX', created, ID)
if TERMINAL[f[2]] then added = added + redis.call('ZADD', P .. ':expiring', 'NX', expires ~= '' and expires or text(NOW), ID) end
return added
