-- What a tenant keeps for its code: a hash of values by key, whose empty field counts the bytes of all; the keys once more in their order, to be listed; and those that
-- expire, by when. An entry that has expired is there for nobody and counts for nothing: whoever would meet it removes it first.

-- Tenants with entries that expire, by when the next one does.
local KV_DUE = P .. ':kv-due'

local function open_kv (tenant)
  return { tenant = tenant, values = P .. ':kv:' .. tenant, names = P .. ':kv-names:' .. tenant, expiring = P .. ':kv-expiring:' .. tenant }
end

local function plan_kv (kv)
  local first = redis.call('ZRANGE', kv.expiring, 0, 0, 'WITHSCORES')
  if first[2] then redis.call('ZADD', KV_DUE, first[2], kv.tenant) else redis.call('ZREM', KV_DUE, kv.tenant) end
end

local function has_expired (kv, key)
  local expires = redis.call('ZSCORE', kv.expiring, key)
  return expires and tonumber(expires) <= NOW
end

-- A full Redis lets a script go on once it has removed something, so that comes first.
local function drop_entry (kv, key)
  local value = redis.call('HGET', kv.values, key)
  local dropped = redis.call('HDEL', kv.values, key)
  redis.call('ZREM', kv.names, key)
  if redis.call('ZREM', kv.expiring, key) == 1 then plan_kv(kv) end
  if value then redis.call('HINCRBY', kv.values, '', -(#key + #value)) end
  if redis.call('HLEN', kv.values) == 1 then redis.call('UNLINK', kv.values) end
  return dropped
end

-- Removes entries that have expired, at most so many. Answers how many there were.
local function purge_kv (kv, limit)
  local keys = redis.call('ZRANGEBYSCORE', kv.expiring, '-inf', text(NOW), 'LIMIT', 0, limit)
  for _, key in ipairs(keys) do drop_entry(kv, key) end
  return #keys
end

-- What a run may not do that has lost its job, nor anybody for a tenant that is being erased.
local function refuse_write (tenant, fence)
  if is_erasing(tenant) then return ERASING end
  local f = redis.call('HMGET', JOB, 'status', 'fence')
  if f[1] ~= 'running' or f[2] ~= fence then return { 'fenced' } end
end

-- Expired entries that a write removes before it looks for room: each makes one at the most, so they do not pile up.
local PURGED_BY_WRITE = 100

-- Prepares a write: answers the value that the entry has, and whether more entries may have expired than were removed.
local function begin_write (kv, key)
  local purged = purge_kv(kv, PURGED_BY_WRITE)
  if has_expired(kv, key) then drop_entry(kv, key) end
  return redis.call('HGET', kv.values, key), purged == PURGED_BY_WRITE
end

-- Stores a value instead of the old one. Answers what was reached where there is no room, or that the caller is to try again since there may be when more is removed.
-- `expires` is false for an entry that is to stay, nil for one that is to keep its time.
local function put_entry (kv, key, old, value, expires, more_expired, max_entries, max_bytes)
  local more = old and #value - #old or #key + #value
  local entries, bytes = math.max(0, redis.call('HLEN', kv.values) - 1), tonumber(redis.call('HGET', kv.values, '') or 0)
  local reached
  if not old and entries >= max_entries then reached = { 'full', 'maxEntries', entries }
  elseif more > 0 and bytes + more > max_bytes then reached = { 'full', 'maxBytes', bytes } end
  if reached then return more_expired and { 'again' } or reached end

  redis.call('HSET', kv.values, key, value)
  redis.call('HINCRBY', kv.values, '', more)
  if not old then redis.call('ZADD', kv.names, 0, key) end
  if expires then
    redis.call('ZADD', kv.expiring, text(expires), key)
    plan_kv(kv)
  elseif expires == false and redis.call('ZREM', kv.expiring, key) == 1 then
    plan_kv(kv)
  end
end
