-- Deletes an endpoint. What is owed to it is given up as it is dealt, which it is from now on.
local tenant, id, actor_hash = ARGV[3], ARGV[4], ARGV[5]
local key, lane = P .. ':webhook:' .. id, ARGV[3] .. ':' .. ARGV[4]

if not may_act(actor_hash) then return { 'stranger' } end
if redis.call('HGET', key, 'tenant') ~= tenant then return { 'missing' } end
if is_newer(key, WEBHOOK_VERSION) then return NEWER end
redis.call('UNLINK', key, P .. ':webhook-secrets:' .. tenant .. ':' .. id, P .. ':lane-state:' .. lane, P .. ':lane-state:' .. lane .. '-test')
redis.call('ZREM', P .. ':webhooks:' .. tenant, id)
redis.call('HDEL', P .. ':webhook-filters:' .. tenant, id)
free_lane(lane)
announce_webhooks()
note_act(6)
return { 'deleted' }
