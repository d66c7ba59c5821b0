-- Changes an endpoint. Texts that are empty stand for what is to stay; a description is given with a mark before it.
local tenant, id, address, events, description, enabled, actor_hash = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local key = P .. ':webhook:' .. id

if not may_act(actor_hash) then return { 'stranger' } end
if is_erasing(tenant) then return ERASING end
if is_newer(key, WEBHOOK_VERSION) then return NEWER end
local f = redis.call('HMGET', key, 'tenant', 'enabled')
if f[1] ~= tenant then return { 'missing' } end
if address ~= '' then redis.call('HSET', key, 'address', address) end
if events ~= '' then redis.call('HSET', key, 'events', events) end
if description ~= '' then redis.call('HSET', key, 'description', string.sub(description, 2)) end
redis.call('HSET', key, 'updatedAt', text(NOW))
if enabled ~= '' then
  enable_endpoint(id, tenant, enabled == '1')
elseif address ~= '' and f[2] == '1' then
  enable_endpoint(id, tenant, true) -- it may be another receiver, or let us in now
elseif events ~= '' and f[2] == '1' then
  redis.call('HSET', P .. ':webhook-filters:' .. tenant, id, events)
end
note_act(10)
return { 'updated' }
