-- Makes an endpoint, with its first secret.
local tenant, id, address, events, description = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local enabled, secret, most, actor_hash = ARGV[8] == '1', ARGV[9], tonumber(ARGV[10]), ARGV[11]
local key, ids = P .. ':webhook:' .. id, P .. ':webhooks:' .. tenant

if not may_act(actor_hash) then return { 'stranger' } end
if is_erasing(tenant) then return ERASING end
local created = redis.call('HGET', key, 'createdAt')
if created then return { 'made', created } end -- its answer was lost on the way
if redis.call('ZCARD', ids) >= most then return { 'full' } end
redis.call('HSET', key, 'v', WEBHOOK_VERSION, 'tenant', tenant, 'address', address, 'events', events, 'description', description, 'createdAt', text(NOW))
redis.call('ZADD', ids, 0, id)
enable_endpoint(id, tenant, enabled)
add_secret(tenant, id, secret, 0)
note_act(12)
return { 'made', text(NOW) }
