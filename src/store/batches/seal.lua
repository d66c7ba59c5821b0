-- Ends the adding of items: by who added them, who says how many there were; or, where nothing came for that long, by whoever cleans up.
local tenant, total, digest, idle_ms = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])

local f = redis.call('HMGET', batch_key(ID), 'tenant', 'total', 'digest', 'sealedAt', 'cancel')
if idle_ms then
  local last = redis.call('ZSCORE', P .. ':open-batches', ID)
  if not last or tonumber(last) + idle_ms > NOW then return { 'early' } end
  if not f[1] then
    redis.call('ZREM', P .. ':open-batches', ID)
    return { 'missing' }
  end
  if is_newer_batch(ID) then
    put_off(':open-batches', ID)
    return { 'early' }
  end
  redis.call('HSET', batch_key(ID), 'incomplete', 1)
else
  if f[1] ~= tenant then return { 'missing' } end
  if is_newer_batch(ID) then return NEWER end
  if f[5] and f[2] ~= total then return { 'cancelled' } end
  if tonumber(f[2]) < tonumber(total) then return { 'lost' } end
  if f[2] ~= total or f[3] ~= digest then return { 'mismatch' } end
end
seal_batch(ID)
return { 'sealed' }
