-- Removes a dead letter of that tenant, as an order has it that is still under way.
local tenant, sweep, tombstone_ms = ARGV[3], ARGV[4], ARGV[5]

local f = redis.call('HMGET', JOB, 'tenant', 'status', 'code')
if f[1] ~= tenant or f[2] ~= 'dead' then return 0 end
if is_newer(JOB, VERSION) then return 0 end
if redis.call('HGET', P .. ':sweep:' .. sweep, 'status') ~= 'running' then return 0 end
remove_job(tenant, f[2], f[3], tombstone_ms)
redis.call('HINCRBY', P .. ':sweep:' .. sweep, 'done', 1)
return 1
