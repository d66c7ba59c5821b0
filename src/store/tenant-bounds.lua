local tenant, waiting, running, ceilings = ARGV[3], ARGV[4], ARGV[5], ARGV[6]

if is_erasing(tenant) then return ERASING end
for name, most in pairs({ [':max-waiting'] = waiting, [':max-running'] = running }) do
  if most == '' then redis.call('HDEL', P .. name, tenant) else redis.call('HSET', P .. name, tenant, most) end
end
if next_turn(tenant, 0) then join_ring(tenant) end -- it may run more than before
redis.call('HSET', P .. ':ceilings', tenant, ceilings)
redis.call('PUBLISH', P .. ':keys-changed', '') -- what APIs know of keys has their tenants' ceilings in it
note_act(7)
return 1
