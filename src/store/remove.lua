local tombstone_ms, keep = ARGV[3], tonumber(ARGV[4])

if is_newer(JOB, VERSION) then
  if not keep then put_off(':expiring', ID) end
  return keep and 0 or 1
end
local expires = redis.call('ZSCORE', P .. ':expiring', ID)
local f = redis.call('HMGET', JOB, 'tenant', 'status', 'code', 'batchId')
if keep then
  if f[4] and redis.call('HEXISTS', batch_key(f[4]), 'parent') == 1 then return 0 end -- a shard stays as long as the job that it is of
  local ended = 0
  for status in pairs(TERMINAL) do
    -- Dead letters have a bound of their own: those who succeed push none of them out.
    if (status == 'dead') == (f[2] == 'dead') then ended = ended + redis.call('ZCARD', P .. ':jobs:' .. (f[1] or '') .. ':' .. status) end
  end
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

if f[1] then remove_job(f[1], f[2], f[3], tombstone_ms) else unlink_job() end
return 1
