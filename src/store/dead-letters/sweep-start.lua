-- Orders that dead letters are replayed or purged, in steps. What it is to work on was made up to now: what it makes itself is newer.
local id, tenant, action, choice, change, max_running = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8])
local index, since, until_, count = ARGV[9], ARGV[10], tonumber(ARGV[11]), ARGV[12]
local idem_key, body_hash, idem_ttl_ms, head_start_ms = ARGV[13], ARGV[14], tonumber(ARGV[15]), tonumber(ARGV[16])
local bounds = ARGV[17]
local key, own = P .. ':sweep:' .. id, P .. ':sweeps:' .. tenant

if is_erasing(tenant) then return ERASING end
local repeated = answer_repeat(idem_key, body_hash)
if repeated then return repeated end
if redis.call('EXISTS', key) == 1 then return { 'started', id } end
if redis.call('ZCARD', own) >= max_running then return { 'busy' } end
local bound, observed, own_bound = reached_bound(tenant, bounds, 0, {}, idem_key ~= '' and idem_ttl_ms or 0)
if bound then return { 'full', bound, observed, own_bound or -1 } end

local total = index == '' and count or redis.call('ZCOUNT', index, since, text(math.min(until_ or NOW, NOW)))
redis.call('HSET', key, 'v', SWEEP_VERSION, 'tenant', tenant, 'action', action, 'status', 'running', 'choice', choice, 'change', change,
  'total', total, 'at', '', 'createdAt', text(NOW))
redis.call('ZADD', P .. ':sweeps', text(NOW + head_start_ms), id)
redis.call('ZADD', own, text(NOW), id)
if idem_key ~= '' then keep_idempotency(tenant, idem_key, body_hash .. ' ' .. id, idem_ttl_ms) end
note_act(18)
return { 'started', id }
