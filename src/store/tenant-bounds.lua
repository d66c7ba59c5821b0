local tenant, waiting, running = ARGV[3], ARGV[4], ARGV[5]

if is_erasing(tenant) then return ERASING end
for name, most in pairs({ [':max-waiting'] = waiting, [':max-running'] = running }) do
  if most == '' then redis.call('HDEL', P .. name, tenant) else redis.call('HSET', P .. name, tenant, most) end
end
if next_turn(tenant, 0) then join_ring(tenant) end -- it may run more than before
note_act(6)
return 1
