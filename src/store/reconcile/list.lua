-- Puts a job into the lists that it is missing from. Its times come from the record, which may be folded.
local created, expires, died_of = ARGV[3], ARGV[4], ARGV[5]

local f = redis.call('HMGET', JOB, 'tenant', 'status')
if not f[2] then return 0 end
local jobs = P .. ':jobs:' .. f[1]
redis.call('SADD', P .. ':tenants', f[1])
local added = redis.call('ZADD', jobs, 'NX', created, ID) + redis.call('ZADD', jobs .. ':' .. f[2], 'NX', created, ID)
if TERMINAL[f[2]] then added = added + redis.call('ZADD', P .. ':expiring', 'NX', expires ~= '' and expires or text(NOW), ID) end
if f[2] == 'dead' then
  -- Versions before had no such field.
  redis.call('HSETNX', JOB, 'diedOf', died_of)
  added = added + redis.call('ZADD', dead_key(f[1], redis.call('HGET', JOB, 'diedOf')), 'NX', created, ID)
end
return added
