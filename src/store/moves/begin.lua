local turn, worker, holder = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local retention_ms, allowance_ms = tonumber(ARGV[6]), tonumber(ARGV[7])
local dead_failure, cancelled_failure, expired_failure = ARGV[8], ARGV[9], ARGV[10]
local quarantine_crashes, quarantine_failure = tonumber(ARGV[11]), ARGV[12]
local key_ids, rest_ms, dead_retention_ms = ARGV[13], tonumber(ARGV[14]), tonumber(ARGV[15])

local function payload (field, kind)
  if field and string.byte(field) == 0 then return redis.call('GET', P .. ':payload:' .. ID .. ':' .. kind) end
  return field
end

local function is_unknown (packed)
  return packed and string.byte(packed) > NEWEST_FORMAT
end

-- Tells whether this worker has the key of that name. The ids stand between spaces.
local function has_key (id)
  return id == '' or string.find(key_ids, ' ' .. id .. ' ', 1, true)
end

local DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

-- Id of the key that a job's options are encrypted with: they are JSON of one member, in base64, of which no more is decoded than tells it.
local function key_id_of_spec (spec)
  local base64 = spec and string.match(spec, '^{"sealed":"([^"]*)')
  local packed, length, at = '', 2, 1
  while base64 and #packed < length and at < #base64 do
    local group = 0
    for i = at, at + 3 do group = group * 64 + (string.find(DIGITS, string.sub(base64, i, i), 1, true) or 1) - 1 end
    packed = packed .. string.char(math.floor(group / 65536), math.floor(group / 256) % 256, group % 256)
    length, at = 2 + string.byte(packed, 2), at + 4
  end
  return packed == '' and '' or key_id(packed)
end

local job = read_job()
if not job then return { 'drop', 'missing' } end
if TERMINAL[job.status] or job.turn ~= turn then
  strike_turn(job.tenant, job.level, ID .. ' ' .. turn) -- owed after all, it would be sent again and again, and counted as handed out
  return { 'drop', TERMINAL[job.status] and 'ended' or 'stale' }
end

local stored = redis.call('HMGET', JOB, 'code', 'input', 'spec')
local code = redis.call('HGET', P .. ':code:' .. job.tenant .. ':' .. stored[1], 'bytes')
local input = payload(stored[2], 'input')
local has_expired = job.fence == 0 and job.ttlAt and job.ttlAt <= NOW
local checkpoint = redis.call('HMGET', checkpoint_key(), 'format', 'key')
local unusable
if job.isNewer or is_unknown(code) or is_unknown(input) or tonumber(checkpoint[1] or 0) > NEWEST_FORMAT then
  unusable = 'newer'
elseif not (job.cancel or has_expired or is_erasing(job.tenant) or (has_key(code and key_id(code) or '') and has_key(input and key_id(input) or '') and has_key(key_id_of_spec(stored[3])) and has_key(checkpoint[2] or ''))) then -- what ends without a run need not be read
  unusable = 'sealed'
end
-- Nothing of the job changes, but for when its turn comes again.
if unusable then
  strike_turn(job.tenant, job.level, ID .. ' ' .. turn)
  owe_turn(job.tenant, job.level, NOW + rest_ms, ID .. ' ' .. turn)
  deal()
  return answer_with_deals({ 'drop', unusable })
end

local function answer (started)
  local f = redis.call('HMGET', JOB, 'crashes', 'lost', 'traceparent', 'deadlineAt', 'shared', 'batchId')
  return answer_with_deals({ 'run', job.fence, job.tenant, job.attempt, stored[3], stored[1], code, input, f[1] or '0', f[2] or '0',
    f[3] or '', text(job.runAt or job.createdAt), started, f[4], f[5] or '0', job.createdAt, f[6] or '' })
end

if job.status == 'running' then
  -- The same call again, because its answer was lost on the way.
  if job.holder == holder then
    return answer(string.match(redis.call('HGET', JOB, 'run:' .. job.fence), '"startedAt":(%d+)'))
  end
  if lose_run(job, 'redelivered', dead_failure, cancelled_failure, retention_ms, dead_retention_ms) ~= 'running' then return { 'drop', 'ended' } end
elseif job.runAt and job.runAt > NOW then
  strike_turn(job.tenant, job.level, ID .. ' ' .. turn)
  owe_turn(job.tenant, job.level, job.runAt, ID .. ' ' .. turn)
  return { 'drop', 'early' }
elseif job.cancel or is_erasing(job.tenant) then
  end_job(job, 'cancelled', cancelled_failure, '{}', retention_ms)
  deal()
  return answer_with_deals({ 'drop', 'ended' })
elseif has_expired then
  end_job(job, 'expired', expired_failure, '{}', retention_ms)
  deal()
  return answer_with_deals({ 'drop', 'expired' })
elseif quarantine_crashes > 0 and tonumber(redis.call('GET', crashes_key(job.tenant)) or 0) >= quarantine_crashes then
  end_job(job, 'dead', quarantine_failure, '{"error":' .. quarantine_failure .. '}', dead_retention_ms)
  deal()
  return answer_with_deals({ 'drop', 'quarantined' })
else
  set_status(job, 'running')
end

job.fence = redis.call('HINCRBY', JOB, 'fence', 1)
local now, deadline = text(NOW), text(NOW + allowance_ms + job.timeoutMs)
redis.call('HSETNX', JOB, 'startedAt', now)
if key_ids ~= ' ' then raise_version(SEALED_VERSION) end -- the run will encrypt what it writes
redis.call('HSET', JOB, 'deadlineAt', deadline, 'holder', holder,
  'run:' .. job.fence, '{"attempt":' .. job.attempt .. ',"startedAt":' .. now .. ',"worker":' .. worker .. '}')
redis.call('ZADD', P .. ':running', deadline, ID)
strike_turn(job.tenant, job.level, ID .. ' ' .. turn)
deal()
append_event(job.attempt, 'job.started', now, '{"run":' .. job.fence .. ',"worker":' .. worker .. '}')
return answer(now)
