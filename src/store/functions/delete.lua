local tenant, name, actor_hash = ARGV[3], ARGV[4], ARGV[5]

if not may_act(actor_hash) then return { 'stranger' } end
if redis.call('HDEL', P .. ':functions:' .. tenant, name) == 0 then return { 'missing' } end
redis.call('UNLINK', P .. ':function:' .. tenant .. ':' .. name)
note_act(6)
return { 'deleted' }
