local id, actor_hash = ARGV[3], ARGV[4]

if not may_act(actor_hash) then return { 'stranger' } end
local tenant = redis.call('HGET', P .. ':api-key:' .. id, 'tenant')
if not tenant then return { 'missing' } end
end_key(id, tenant)
note_act(5)
return { 'revoked' }
