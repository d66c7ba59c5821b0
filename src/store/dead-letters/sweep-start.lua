-- Orders that dead letters are replayed or purged, in steps. What it is to work on was made up to now: what it makes itself is newer.
local id, tenant, action, choice, change, max_running = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8])
local index, since, until_, count = ARGV[9], ARGV[10], tonumber(ARGV[11]), ARGV[12]
local idem_key, body_hash, idem_ttl_ms, head_start_ms = ARGV[13], ARGV[14], ARGV[15], tonumber(ARGV[16])
local key, own = P .. ':sweep:' .. id, P .. ':sweeps:' .. tenant

if is_erasing(tenant) then return ERASING end
if idem_key ~= '' then
  local first = redis.call('GET', idem_key)
  if first then
    local hash, before_id = string.match(first, '^(%x+) (.+)$')
    return hash == body_hash and { 'started', before_id } or { 'mismatch' }
  end
end
if redis.call('EXISTS', key) == 1 then return { 'started', id } end
if redis.call('ZCARD', own) >= max_running then return { 'full' } end

local total = index == '' and count or redis.call('ZCOUNT', index, since, text(math.min(until_ or NOW, NOW)))
redis.call('HSET', key, 'v', SWEEP_VERSION, 'tenant', tenant, 'action', action, 'status', 'running', 'choice', choice, 'change', change,
  'total', total, 'at', '', 'createdAt', text(NOW))
redis.call('ZADD', P .. ':sweeps', text(NOW + head_start_ms), id)
redis.call('ZADD', own, text(NOW), id)
if idem_key ~= '' then redis.call('SET', idem_key, body_hash .. ' ' .. id, 'PX', idem_ttl_ms) end
note_act(17)
return { 'started', id }
