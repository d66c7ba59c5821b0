local tenant, name, actor_hash = ARGV[3], ARGV[4], ARGV[5]

if not may_act(actor_hash) then return { 'stranger' } end
if redis.call('HDEL', P .. ':sealed:' .. tenant, name) + redis.call('HDEL', P .. ':secrets:' .. tenant, name) == 0 then return { 'missing' } end
note_act(6)
return { 'deleted' }
