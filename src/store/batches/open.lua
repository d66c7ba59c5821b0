local tenant, retention_ms, replay_of = ARGV[3], ARGV[4], ARGV[5]
local idem_key, body_hash, idem_ttl_ms, bounds = ARGV[6], ARGV[7], tonumber(ARGV[8]), ARGV[9]
local hook, webhook = ARGV[10], ARGV[11]

if is_erasing(tenant) then return ERASING end
local repeated = answer_repeat(idem_key, body_hash)
if repeated then return repeated end
if redis.call('EXISTS', batch_key(ID)) == 1 then return { 'opened' } end
if idem_key ~= '' then
  local bound, observed, own = reached_bound(tenant, bounds, 0, {}, idem_ttl_ms)
  if bound then return { 'full', bound, observed, own or -1 } end
  keep_idempotency(tenant, idem_key, body_hash .. ' ' .. ID, idem_ttl_ms)
end
redis.call('HSET', batch_key(ID), 'v', 1, 'tenant', tenant, 'createdAt', text(NOW), 'total', 0, 'accepted', 0, 'ended', 0, 'retentionMs', retention_ms)
if replay_of ~= '' then redis.call('HSET', batch_key(ID), 'replayOf', replay_of) end
if hook ~= '' then redis.call('HSET', batch_key(ID), 'hook', hook, 'webhook', webhook) end
redis.call('ZADD', P .. ':batches:' .. tenant, text(NOW), ID)
redis.call('ZADD', P .. ':open-batches', text(NOW), ID)
return { 'opened' }
