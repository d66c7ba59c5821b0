local tombstone_ms, keep = ARGV[3], tonumber(ARGV[4])

local expires = redis.call('ZSCORE', P .. ':expiring', ID)
local f = redis.call('HMGET', JOB, 'tenant', 'status', 'code', 'batchId')
if keep then
  local ended = 0
  for status in pairs(TERMINAL) do ended = ended + redis.call('ZCARD', P .. ':jobs:' .. (f[1] or '') .. ':' .. status) end
  if not TERMINAL[f[2]] or ended <= keep then return 0 end
elseif not expires or tonumber(expires) > NOW then
  return 0
elseif f[4] and redis.call('EXISTS', batch_key(f[4])) == 1 then
  -- An item stays as long as its batch, which is over no sooner than its last item.
  local batch = redis.call('HMGET', batch_key(f[4]), 'expiresAt', 'retentionMs')
  local stays = tonumber(batch[1] or NOW + tonumber(batch[2]))
  if not batch[1] or stays > NOW then
    redis.call('ZADD', P .. ':expiring', text(stays), ID)
    return 1
  end
end

if f[1] then
  local tenant = f[1]
  local code_key = P .. ':code:' .. tenant .. ':' .. f[3]
  if redis.call('HINCRBY', code_key, 'refs', -1) <= 0 then redis.call('DEL', code_key) end
  redis.call('ZREM', P .. ':jobs:' .. tenant, ID)
  redis.call('ZREM', P .. ':jobs:' .. tenant .. ':' .. f[2], ID)
  if redis.call('EXISTS', P .. ':jobs:' .. tenant) == 0 then redis.call('SREM', P .. ':tenants', tenant) end
  redis.call('SET', P .. ':gone:' .. ID, tenant, 'PX', tombstone_ms)
end
redis.call('UNLINK', JOB, EVENTS, P .. ':history:' .. ID, P .. ':trace:' .. ID, P .. ':payload:' .. ID .. ':input', P .. ':payload:' .. ID .. ':result')
redis.call('ZREM', P .. ':owed:archive', ID)
redis.call('ZREM', P .. ':expiring', ID)
return 1
