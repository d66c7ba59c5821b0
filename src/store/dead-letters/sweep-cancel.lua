local id, tenant, action, kept_ms = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local key = P .. ':sweep:' .. id

local f = redis.call('HMGET', key, 'tenant', 'action', 'status')
if f[1] ~= tenant or f[2] ~= action then return 0 end
if f[3] == 'running' then
  if is_newer(key, SWEEP_VERSION) then return NEWER end
  redis.call('HSET', key, 'status', 'cancelled', 'finishedAt', text(NOW))
  redis.call('PEXPIRE', key, kept_ms)
  redis.call('UNLINK', key .. ':flight')
  redis.call('ZREM', P .. ':sweeps', id)
  redis.call('ZREM', P .. ':sweeps:' .. tenant, id)
end
return 1
