-- Brings what belongs to an order about dead letters in line with its record, and takes it out of an index where it has no place.
local id, index, kept_ms = ARGV[3], ARGV[4], ARGV[5]
local key, sweeps = P .. ':sweep:' .. id, P .. ':sweeps'

if is_newer(key, SWEEP_VERSION) then return 0 end
local f = redis.call('HMGET', key, 'tenant', 'status', 'createdAt')
if f[2] == 'running' then
  return redis.call('ZADD', sweeps, 'NX', text(NOW), id) + redis.call('ZADD', sweeps .. ':' .. f[1], 'NX', f[3], id)
end
local repairs = redis.call('UNLINK', key .. ':flight') + redis.call('ZREM', sweeps, id)
if index ~= '' then repairs = repairs + redis.call('ZREM', index, id) end
return repairs + redis.call('PEXPIRE', key, kept_ms, 'NX')
