-- Adds the next items of a batch. The digest stands for all that was posted up to the last of them: the same items again change nothing.
local tenant, first, items, digest = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local traceparent, max_delay_ms, late_refusal, mismatch_refusal = ARGV[7], tonumber(ARGV[8]), ARGV[9], ARGV[10]
local TEMPLATE, ITEM = 11, 8
local templates, at = {}, 13
local BATCH, KEY = ID, batch_key(ID)

if is_erasing(tenant) then return ERASING end
if is_newer_batch(ID) then return NEWER end
local f = redis.call('HMGET', KEY, 'tenant', 'total', 'digest', 'sealedAt', 'cancel', 'incomplete')
local total = tonumber(f[2] or 0)
if f[1] ~= tenant then return { 'missing' } end
if first + items < total then return { 'had' } end
if first + items == total then return { f[3] == digest and 'had' or 'mismatch' } end
if f[5] then return { 'cancelled' } end
if f[4] then return { f[6] and 'sealed' or 'mismatch' } end
if first > total then return { 'lost' } end
if first ~= total then return { 'mismatch' } end

local hashes = {}
for i = 1, tonumber(ARGV[11]) do
  templates[i] = {
    spec = ARGV[at], codeHash = ARGV[at + 1], code = ARGV[at + 2], bounds = ARGV[at + 3],
    delayMs = tonumber(ARGV[at + 4]), ttlMs = tonumber(ARGV[at + 5]), runAt = tonumber(ARGV[at + 6]), level = tonumber(ARGV[at + 7]), hook = ARGV[at + 8], tags = ARGV[at + 9], version = ARGV[at + 10], jobs = 0,
  }
  hashes[i] = templates[i].codeHash
  at = at + TEMPLATE
end
local key_ttl_ms = 0
for i = at, #ARGV, ITEM do key_ttl_ms = math.max(key_ttl_ms, tonumber(string.match(ARGV[i + 4], ' (%d+)$')) or 0) end
local bound, observed, own = reached_bound(tenant, ARGV[12], items, hashes, key_ttl_ms)
if bound then return { 'full', bound, observed, own or -1 } end

local counts, excepted = { refused = 0, repeated = 0, queued = 0, scheduled = 0 }, 0

local function except (index, kind, value)
  redis.call('HSET', P .. ':exceptions:' .. BATCH, index, value)
  counts[kind] = counts[kind] + 1
  excepted = excepted + #value
end

-- Takes an item that names the job that it may be a repeat of. Answers false where it is, or may not be.
local function is_new (index, idem_key, body_hash, idem_ttl_ms)
  if idem_key == '' then return true end
  local before = redis.call('GET', idem_key)
  if not before then
    keep_idempotency(tenant, idem_key, body_hash .. ' ' .. item_id(BATCH, index), tonumber(idem_ttl_ms))
    return true
  end
  local hash, id = string.match(before, '^(%x+) (.+)$')
  if hash == body_hash then except(index, 'repeated', id) else except(index, 'refused', mismatch_refusal) end
  return false
end

for index = first, first + items - 1 do
  local template, input = templates[tonumber(ARGV[at])], ARGV[at + 1]
  local due = template and (template.runAt > 0 and math.max(NOW, template.runAt) or NOW + template.delayMs)
  if not template then
    except(index, 'refused', input)
  elseif due > NOW + max_delay_ms then
    except(index, 'refused', late_refusal)
  elseif is_new(index, ARGV[at + 3], string.match(ARGV[at + 4], '^(%x*)'), string.match(ARGV[at + 4], '(%d*)$')) then
    about(item_id(BATCH, index))
    local status = create_job({
      tenant = tenant, spec = ARGV[at + 6] ~= '' and ARGV[at + 6] or template.spec, codeHash = template.codeHash, input = input, inputBody = ARGV[at + 2], bounds = template.bounds,
      traceparent = traceparent, ttlMs = template.ttlMs, batchId = BATCH, replayOf = ARGV[at + 5], hook = template.hook, tags = template.tags, file = ARGV[at + 7], version = template.version,
    }, due)
    local replayed = P .. ':job:' .. ARGV[at + 5]
    if redis.call('EXISTS', replayed) == 1 then redis.call('HSET', replayed, 'replayedAs', ID) end
    counts[status] = counts[status] + 1
    template.jobs = template.jobs + 1
    owe_turn(tenant, template.level, due, ID .. ' 1')
  end
  at = at + ITEM
end

for _, template in ipairs(templates) do
  if template.jobs > 0 then keep_code(tenant, template.codeHash, template.code, template.jobs) end
end
for kind, number in pairs(counts) do
  if number > 0 then redis.call('HINCRBY', KEY, 'n:' .. kind, number) end
end
local accepted = counts.queued + counts.scheduled
redis.call('HINCRBY', KEY, 'accepted', accepted)
if excepted > 0 then use_bytes(tenant, KEY, excepted) end
if accepted > 0 then count('accepted', accepted) end
redis.call('HSET', KEY, 'total', first + items, 'digest', digest)
redis.call('ZADD', P .. ':open-batches', text(NOW), BATCH)
deal()
return answer_with_deals({ 'added' })
