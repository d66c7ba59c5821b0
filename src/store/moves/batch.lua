-- What moves do to the batch that a job is an item of. Its counts change with the states of its items, in the same script: they are exact
-- whatever dies when, and exactly one script sees the last item of a sealed batch end.

-- Between two events of progress lie so much time and so large a part of the items, so that a batch has some hundred events, however many items it has.
local PROGRESS_EVERY_MS, PROGRESS_PARTS = 1000, 100

-- What moves do about the shards of a job: see shards.lua. One table, since a script has at most 200 local variables.
local shards = {}

local function batch_key (id)
  return P .. ':batch:' .. id
end

local function is_newer_batch (id)
  return is_newer(batch_key(id), BATCH_VERSION)
end

local function is_under_way (id)
  local f = redis.call('HMGET', batch_key(id), 'tenant', 'finishedAt')
  return f[1] and not f[2]
end

-- Removes a batch with all that it stored, but not its items.
local function unlink_batch (id)
  local f = redis.call('HMGET', batch_key(id), 'tenant', 'bytes')
  redis.call('UNLINK', batch_key(id), P .. ':exceptions:' .. id, P .. ':events:' .. id)
  remove_deliveries_of(id)
  if f[2] then redis.call('HINCRBY', usage_key(f[1]), 'bytes', -f[2]) end
  if f[1] then end_usage(f[1]) end
  for _, list in ipairs({ ':open-batches', ':cancelling-batches', ':expiring-batches' }) do redis.call('ZREM', P .. list, id) end
end

-- The id of an item, made as `itemId` makes it.
local function item_id (batch_id, index)
  return 'job_' .. string.sub(batch_id, 5, -7) .. string.format('%06x', index)
end

local function add_batch_event (id, type)
  local fields = { 'total', 'n:refused', 'n:repeated' }
  for _, status in ipairs(STATES) do fields[#fields + 1] = 'n:' .. status end
  local values, counts = redis.call('HMGET', batch_key(id), unpack(fields)), {}
  for i = 2, #fields do counts[#counts + 1] = '"' .. string.sub(fields[i], 3) .. '":' .. (values[i] or 0) end
  local payload = '{"total":' .. values[1] .. ',"counts":{' .. table.concat(counts, ',') .. '}}'
  local sequence = redis.call('HINCRBY', batch_key(id), 'seq', 1)
  redis.call('XADD', P .. ':events:' .. id, sequence .. '-0', 't', type, 'm', text(NOW), 'a', 0, 'p', payload)
  redis.call('PUBLISH', P .. ':news:' .. id, sequence)
  owe_webhooks(batch_key(id), id, sequence, type)
end

-- Ends a batch that takes no more items and of which all have ended; once.
local function finish_batch (id)
  local f = redis.call('HMGET', batch_key(id), 'sealedAt', 'accepted', 'ended', 'retentionMs', 'parent')
  if not f[1] or f[2] ~= f[3] or redis.call('HSETNX', batch_key(id), 'finishedAt', text(NOW)) == 0 then return end
  if not f[5] then -- shards are kept as long as the job that they are of
    local expires = text(NOW + tonumber(f[4]))
    redis.call('HSET', batch_key(id), 'expiresAt', expires)
    redis.call('ZADD', P .. ':expiring-batches', expires, id)
  end
  redis.call('ZREM', P .. ':cancelling-batches', id)
  add_batch_event(id, 'batch.completed')
  redis.call('PUBLISH', P .. ':ended:' .. id, 'completed')
  if f[5] then shards.end_all(id, f[5]) end
end

-- Takes no more items.
local function seal_batch (id)
  redis.call('HSETNX', batch_key(id), 'sealedAt', text(NOW))
  redis.call('ZREM', P .. ':open-batches', id)
  finish_batch(id)
end

-- Takes no more items and begins none of those that wait. They are ended step by step: see `stop-items.lua`.
local function cancel_batch (id)
  redis.call('HSET', batch_key(id), 'cancel', 1, 'stopped', 0)
  redis.call('ZADD', P .. ':cancelling-batches', text(NOW), id)
  seal_batch(id)
end

-- Counts an item that goes from one state to another.
local function count_item (id, from, to)
  local key = batch_key(id)
  if redis.call('EXISTS', key) == 0 then return end
  redis.call('HINCRBY', key, 'n:' .. from, -1)
  redis.call('HINCRBY', key, 'n:' .. to, 1)
  if not TERMINAL[to] then return end
  local ended = redis.call('HINCRBY', key, 'ended', 1)
  local f = redis.call('HMGET', key, 'sealedAt', 'accepted', 'progressAt', 'progress', 'parent')
  if f[5] then shards.end_one(id, to, tonumber(f[2]) - ended) end
  if f[1] and ended == tonumber(f[2]) then return finish_batch(id) end
  local is_time = NOW - tonumber(f[3] or 0) >= PROGRESS_EVERY_MS
  if not is_time or ended - tonumber(f[4] or 0) < tonumber(f[2]) / PROGRESS_PARTS then return end
  redis.call('HSET', key, 'progressAt', text(NOW), 'progress', ended)
  add_batch_event(id, 'batch.progress')
end
