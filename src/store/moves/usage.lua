-- What a tenant has stored, in its hash: the bytes of its jobs (what they were posted with, their results and histories), of its batches (why items became
-- no jobs) and of its code, and how many pieces of code. A job or batch notes its own bytes, which are taken off again when it is removed.

-- An idempotency key is counted in one of so many parts of the time that it is kept.
local KEY_PARTS = 24

local function usage_key (tenant)
  return P .. ':usage:' .. tenant
end

local function use_bytes (tenant, record_key, bytes)
  redis.call('HINCRBY', record_key, 'bytes', bytes)
  redis.call('HINCRBY', usage_key(tenant), 'bytes', bytes)
end

local function use_code (tenant, bytes, pieces)
  redis.call('HINCRBY', usage_key(tenant), 'bytes', bytes)
  redis.call('HINCRBY', usage_key(tenant), 'codes', pieces)
end

-- A tenant that has no job and no batch has nothing; where writes were lost, the sums may say otherwise.
local function end_usage (tenant)
  if redis.call('EXISTS', P .. ':jobs:' .. tenant, P .. ':batches:' .. tenant) == 0 then redis.call('DEL', usage_key(tenant)) end
end

local function keys_key (tenant, part)
  return P .. ':idems:' .. tenant .. ':' .. text(part)
end

-- What a move answers for a request whose idempotency key was used before; nothing where there is no key, it is new, or it stands for this very id.
local function answer_repeat (key, body_hash)
  local first = key ~= '' and redis.call('GET', key)
  if not first then return nil end
  local hash, id = string.match(first, '^(%x+) (.+)$')
  if hash ~= body_hash then return { 'mismatch' } end
  if id ~= ID then return { 'repeated', id } end
end

-- Keeps what an idempotency key stands for.
local function keep_idempotency (tenant, key, value, ttl_ms)
  local part_ms = ttl_ms / KEY_PARTS
  local counter = keys_key(tenant, math.floor(NOW / part_ms))
  redis.call('SET', key, value, 'PX', text(ttl_ms))
  redis.call('INCR', counter)
  redis.call('PEXPIRE', counter, text(ttl_ms + part_ms))
end

local function count_idempotency (tenant, ttl_ms)
  local counters, last = {}, math.floor(NOW / (ttl_ms / KEY_PARTS))
  for part = last - KEY_PARTS + 1, last do counters[#counters + 1] = keys_key(tenant, part) end
  local sum = 0
  for _, count in ipairs(redis.call('MGET', unpack(counters))) do sum = sum + (tonumber(count) or 0) end
  return sum
end

-- The first bound that a tenant has reached, how much of it there is, and the bound where it is the tenant's own; nothing where it has room. The bounds are numbers, `-` for none: jobs that wait, bytes,
-- pieces of code, idempotency keys; an administrator may have bound the tenant's waiting jobs more closely. `more` says how many jobs are to come, `hashes` what code they have, `key_ttl_ms` is 0 where no key does.
local function reached_bound (tenant, bounds, more, hashes, key_ttl_ms)
  local limits = {}
  for limit in string.gmatch(bounds, '%S+') do limits[#limits + 1] = tonumber(limit) or math.huge end
  local jobs = P .. ':jobs:' .. tenant
  local waiting, own = redis.call('ZCARD', jobs .. ':queued') + redis.call('ZCARD', jobs .. ':scheduled'), redis.call('HGET', P .. ':max-waiting', tenant)
  if own and waiting + more > tonumber(own) and tonumber(own) < limits[1] then return 'jobsWaiting', waiting, own end
  if waiting + more > limits[1] then return 'jobsWaiting', waiting end
  local used = redis.call('HMGET', usage_key(tenant), 'bytes', 'codes')
  if tonumber(used[1] or 0) >= limits[2] then return 'storedBytes', used[1] end
  if tonumber(used[2] or 0) >= limits[3] then
    for _, hash in ipairs(hashes) do
      if redis.call('EXISTS', P .. ':code:' .. tenant .. ':' .. hash) == 0 then return 'codes', used[2] end
    end
  end
  if key_ttl_ms > 0 and limits[4] < math.huge then
    local keys = count_idempotency(tenant, key_ttl_ms)
    if keys >= limits[4] then return 'idempotencyKeys', keys end
  end
end
