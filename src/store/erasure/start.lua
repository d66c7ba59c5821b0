-- Begins to erase a tenant: from now on no move makes anything for it. Its orders about dead letters end here, so that none goes on to make jobs of them.
local tenant, digest, id = ARGV[3], ARGV[4], ARGV[5]
local key, sweeps = P .. ':erasure:' .. digest, P .. ':sweeps:' .. tenant

if is_erasing(tenant) then return 0 end
for _, sweep in ipairs(redis.call('ZRANGE', sweeps, 0, -1)) do
  redis.call('UNLINK', P .. ':sweep:' .. sweep, P .. ':sweep:' .. sweep .. ':flight')
  redis.call('ZREM', P .. ':sweeps', sweep)
end
redis.call('UNLINK', sweeps, key)
redis.call('HSET', key, 'v', 1, 'id', id, 'status', 'running', 'at', 'keys', 'startedAt', text(NOW))
redis.call('ZADD', P .. ':erasing', text(NOW), tenant)
note_act(6)
return 1
