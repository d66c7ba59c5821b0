-- Brings everything that belongs to a batch in line with its record. An index that names it may be given, with the tenant that the index is of.
local index, owner = ARGV[3], ARGV[4]
local KEY = batch_key(ID)
local f = redis.call('HMGET', KEY, 'tenant', 'createdAt', 'sealedAt', 'finishedAt', 'expiresAt', 'cancel', 'accepted', 'ended', 'parent')
local repairs = 0

local function belongs (list, does, score)
  local key = P .. list
  repairs = repairs + (does and redis.call('ZADD', key, 'NX', score, ID) or redis.call('ZREM', key, ID))
end

if index ~= '' and f[1] ~= owner then repairs = redis.call('ZREM', index, ID) end
if not f[1] then
  repairs = repairs + redis.call('UNLINK', KEY, P .. ':exceptions:' .. ID, P .. ':events:' .. ID)
  for _, list in ipairs({ ':open-batches', ':cancelling-batches', ':expiring-batches' }) do belongs(list, false) end
  return repairs
end

if is_newer_batch(ID) then return repairs end
belongs(':batches:' .. f[1], true, f[2])
belongs(':open-batches', not f[3], text(NOW))
if f[3] and not f[4] and f[7] == f[8] then
  finish_batch(ID)
  return repairs + 1
end
if f[9] and not f[5] and redis.call('EXISTS', P .. ':job:' .. f[9]) == 0 then
  shards.forget(ID)
  return repairs + 1
end
belongs(':expiring-batches', f[4] and f[5], f[5])
-- One whose items were all asked to end waits for those that run; looking at it once more costs nothing.
if f[4] or not f[6] then belongs(':cancelling-batches', false) end
return repairs
