local id, actor_hash = ARGV[3], ARGV[4]
local record = P .. ':api-key:' .. id

if not may_act(actor_hash) then return { 'stranger' } end
local tenant = redis.call('HGET', record, 'tenant')
if not tenant then return { 'missing' } end
for _, field in ipairs(redis.call('HKEYS', record)) do
  local hash = string.match(field, '^token:(.+)$')
  if hash then redis.call('UNLINK', P .. ':key:' .. hash) end
end
redis.call('UNLINK', record)
redis.call('ZREM', P .. ':keys:' .. tenant, id)
redis.call('PUBLISH', P .. ':keys-changed', id)
note_act(5)
return { 'revoked' }
