-- What moves do to a job.

local JOB, EVENTS = P .. ':job:' .. ID, P .. ':events:' .. ID

-- Turns what follows to another job, for scripts that move several.
local function about (id)
  ID, JOB, EVENTS = id, P .. ':job:' .. id, P .. ':events:' .. id
end

-- Wall limit, runs that may be lost, and the number of the priority's list, as accept wrote them; a job that ended has them no more.
local function read_bounds (bounds)
  local timeout_ms, max_lost, level = string.match(bounds or '0 0', '^(%d+) (%d+) ?(%d?)$')
  return tonumber(timeout_ms), tonumber(max_lost), tonumber(level) or 2
end

-- How often runners died of a tenant's code lately: up by one with each death, down by one with each run that ended otherwise.
local function crashes_key (tenant)
  return P .. ':crashes:' .. tenant .. ':' .. redis.call('HGET', JOB, 'code')
end

-- What moves decide by. Absent fields are false; nil for a job that does not exist. A record of a newer version is not to be changed; what `tenant`,
-- `status`, `turn`, `bounds`, `runAt` and `createdAt` mean is the same in every version. Who cancels a batch cancels every item of it.
local function read_job ()
  local f = redis.call('HMGET', JOB, 'tenant', 'status', 'attempt', 'fence', 'createdAt', 'runAt', 'ttlAt', 'bounds', 'cancel', 'lost', 'holder', 'turn', 'batchId', 'v', 'startedAt', 'shards', 'waitsFor')
  if not f[2] then return nil end
  local timeout_ms, max_lost, level = read_bounds(f[8])
  return {
    tenant = f[1], status = f[2], attempt = tonumber(f[3]), fence = tonumber(f[4]), createdAt = f[5],
    runAt = tonumber(f[6]), ttlAt = tonumber(f[7]), timeoutMs = timeout_ms, maxLost = max_lost, level = level,
    cancel = f[9] or (f[13] and redis.call('HGET', batch_key(f[13]), 'cancel')), lost = tonumber(f[10] or 0), holder = f[11], turn = tonumber(f[12] or 1),
    batchId = f[13], isNewer = tonumber(f[14] or 1) > VERSION, startedAt = tonumber(f[15]), shards = f[16],
    waitsFor = f[17] and is_under_way(f[17]) and f[17],
  }
end

-- Entry ids are the numbers of the events, so the stream itself refuses a number twice.
local function add_event (attempt, type, ms, payload)
  local sequence = redis.call('HINCRBY', JOB, 'seq', 1)
  redis.call('XADD', EVENTS, sequence .. '-0', 't', type, 'm', ms, 'a', attempt, 'p', payload)
  owe_webhooks(JOB, ID, sequence, type)
  return sequence
end

-- Notes events in the logs of those tags of the job that somebody follows. The logs hold references, and are numbered on their own. They end some time after the last follower, together
-- with what says that they are kept.
local function note_tags (first, last)
  local f = redis.call('HMGET', JOB, 'tags', 'tenant')
  if not f[1] then return end
  for tag in string.gmatch(f[1], '%x+') do
    local of = ':' .. f[2] .. ':' .. tag
    local kept = redis.call('HMGET', P .. ':tag' .. of, 'events', 'keepMs')
    if kept[1] then
      local number
      for sequence = first, last do
        number = text(redis.call('HINCRBY', P .. ':tag' .. of, 'last', 1))
        redis.call('XADD', P .. ':tag-log' .. of, 'MAXLEN', '~', kept[1], number .. '-0', 'j', ID, 's', sequence)
      end
      redis.call('PEXPIRE', P .. ':tag-log' .. of, kept[2], 'NX')
      redis.call('PUBLISH', P .. ':tag-news' .. of, number)
    end
  end
end

-- Tells those who follow the job, or a tag that it has, that its history has grown by these.
local function publish_news (first, last)
  redis.call('PUBLISH', P .. ':news:' .. ID, last)
  note_tags(first, last)
end

local function append_event (attempt, type, ms, payload)
  local sequence = add_event(attempt, type, ms, payload)
  publish_news(sequence, sequence)
end

-- Events given as flat triples of type, time and payload, from that argument on to the last. One word is enough for all of them.
local function append_given (attempt, first)
  local from, to
  for i = first, #ARGV, 3 do
    to = add_event(attempt, ARGV[i], ARGV[i + 1], ARGV[i + 2])
    from = from or to
  end
  if to then publish_news(from, to) end
end

local function set_status (job, status)
  redis.call('HSET', JOB, 'status', status)
  redis.call('ZREM', P .. ':jobs:' .. job.tenant .. ':' .. job.status, ID)
  redis.call('ZADD', P .. ':jobs:' .. job.tenant .. ':' .. status, job.createdAt, ID)
  if job.batchId then count_item(job.batchId, job.status, status) end
  job.status = status
end

-- Counts what happened to jobs, for as long as the service lives.
local function count (what, jobs)
  redis.call('HINCRBY', P .. ':totals', what, jobs or 1)
end

-- Id of the key that a packed value is encrypted with; empty where it is not.
local function key_id (packed)
  local format = string.byte(packed)
  return format >= OLDEST_SEALED and format <= NEWEST_FORMAT and string.sub(packed, 3, 2 + string.byte(packed, 2)) or ''
end

-- Keeps code for so many more jobs of a tenant.
local function keep_code (tenant, hash, bytes, jobs)
  local key = P .. ':code:' .. tenant .. ':' .. hash
  local key_of = bytes ~= '' and key_id(bytes) or ''
  if redis.call('HSETNX', key, 'bytes', bytes) == 1 then
    use_code(tenant, #bytes, 1)
    if key_of ~= '' then redis.call('HSET', key, 'key', key_of) end
  elseif key_of ~= '' and redis.call('HGET', key, 'key') ~= key_of then
    -- It was kept before there was a key, or with another one.
    use_code(tenant, #bytes - redis.call('HSTRLEN', key, 'bytes'), 0)
    redis.call('HSET', key, 'bytes', bytes, 'key', key_of)
  end
  redis.call('HINCRBY', key, 'refs', jobs)
  redis.call('HSET', key, 'used', text(NOW))
end

-- What is written of a job from now on is for those who know that version of records; others may use what was written before.
local function raise_version (version)
  if tonumber(redis.call('HGET', JOB, 'v') or 1) < version then redis.call('HSET', JOB, 'v', version) end
end

-- Makes the record of a job, with its first event; its code is kept apart, and its first turn is the caller's to owe. Whoever calls has seen that there is none yet.
-- Texts that are empty stand for what a job does not have. Answers the state that it begins in.
local function create_job (new, due)
  local now, is_delayed = text(NOW), due > NOW
  local status = is_delayed and 'scheduled' or 'queued'
  redis.call('HSET', JOB, 'v', new.version, 'tenant', new.tenant, 'status', status, 'attempt', 1, 'fence', 0,
    'spec', new.spec, 'code', new.codeHash, 'input', new.input, 'bounds', new.bounds, 'createdAt', now)
  if is_delayed then redis.call('HSET', JOB, 'runAt', text(due)) end
  if new.ttlMs > 0 then redis.call('HSET', JOB, 'ttlAt', text(NOW + new.ttlMs)) end
  for _, name in ipairs({ 'traceparent', 'batchId', 'replayOf', 'hook', 'tags' }) do
    if (new[name] or '') ~= '' then redis.call('HSET', JOB, name, new[name]) end
  end
  if string.sub(new.spec, 1, 10) == '{"sealed":' then raise_version(SEALED_VERSION) end
  if new.inputBody ~= '' then redis.call('SET', P .. ':payload:' .. ID .. ':input', new.inputBody) end
  if (new.file or '') ~= '' then
    hold_file(new.tenant, ID, new.file)
    raise_version(FILES_VERSION)
  end
  use_bytes(new.tenant, JOB, #new.spec + #new.input + #new.inputBody)

  redis.call('SADD', P .. ':tenants', new.tenant)
  redis.call('ZADD', P .. ':jobs:' .. new.tenant, now, ID)
  redis.call('ZADD', P .. ':jobs:' .. new.tenant .. ':' .. status, now, ID)
  append_event(0, 'job.' .. status, now, is_delayed and '{"delayMs":' .. text(due - NOW) .. '}' or '{}')
  return status
end

-- Tells whether a run still has the job. The number alone does not: after a failover that lost writes, it may be another run's.
local function holds (job, fence, holder)
  return job.status == 'running' and job.fence == fence and job.holder == holder
end

-- Closes the current run. What it ended with is JSON.
local function end_run (job, ended)
  redis.call('HSET', JOB, 'end:' .. job.fence, ended)
  redis.call('HDEL', JOB, 'deadlineAt', 'holder', 'batch', 'live')
  redis.call('ZREM', P .. ':running', ID)
  rejoin_ring(job.tenant)
end

-- What a tenant is told of its jobs that ended: how many, by five minutes of each hour, and which took longest. Faster ones are not slow.
local BUCKET_MS, HOUR_MS, STATS_S = 300000, 3600000, 90000
local SLOW_MS, SLOWEST = 100, 10

-- Counts an end, and remembers it if it took long from its first run on. The keys end by themselves a day after their hour, so that what a tenant
-- keeps of it is bounded.
local function count_end (job, what)
  count(what)
  local hour = P .. ':stats:' .. job.tenant .. ':' .. math.floor(NOW / HOUR_MS)
  if redis.call('HINCRBY', hour .. ':ends', math.floor(NOW / BUCKET_MS) .. ':' .. what, 1) == 1 then redis.call('EXPIRE', hour .. ':ends', STATS_S) end
  if not job.startedAt or NOW - job.startedAt < SLOW_MS then return end
  redis.call('ZADD', hour .. ':slow', NOW - job.startedAt, ID .. ' ' .. job.status .. ' ' .. text(NOW))
  if redis.call('ZREMRANGEBYRANK', hour .. ':slow', 0, -SLOWEST - 1) == 0 then redis.call('EXPIRE', hour .. ':slow', STATS_S) end
end

-- Jobs of a tenant that are dead of one failure code, by the time they were made.
local function dead_key (tenant, code)
  return P .. ':dead:' .. tenant .. ':' .. code
end

-- Ends the job for good: the only way into a terminal state. A failure is JSON that begins with its code.
local function end_job (job, status, failure, payload, retention_ms)
  local code = string.match(failure, '^{"code":"([%u_]+)"') or ''
  append_event(job.attempt, 'job.' .. status, text(NOW), payload)
  set_status(job, status)
  count_end(job, status .. ':' .. code)
  local expires = text(NOW + retention_ms)
  redis.call('HSET', JOB, 'finishedAt', text(NOW), 'expiresAt', expires)
  if failure ~= '' then redis.call('HSET', JOB, 'error', failure) end
  redis.call('HDEL', JOB, 'bounds', 'cancel', 'ttlAt', 'runAt', 'tags')
  strike_turn(job.tenant, job.level, ID .. ' ' .. job.turn)
  release_file(ID)
  end_outputs(job.tenant, ID, status == 'succeeded')
  if status == 'dead' then
    redis.call('HSET', JOB, 'diedOf', code)
    redis.call('ZADD', dead_key(job.tenant, code), job.createdAt, ID)
  end
  redis.call('ZADD', P .. ':expiring', expires, ID)
  redis.call('ZADD', P .. ':owed:archive', text(NOW), ID)
  redis.call('PUBLISH', P .. ':ended:' .. ID, status)
  if job.shards and status == 'succeeded' then shards.join(job.shards) elseif job.shards then shards.stop(job.shards) end
end

-- Has the job run again at that time, as another turn: a message of a turn before is stale from then on.
local function requeue (job, due)
  set_status(job, due > NOW and 'scheduled' or 'queued')
  job.turn = job.turn + 1
  redis.call('HSET', JOB, 'runAt', text(due), 'turn', job.turn)
  owe_turn(job.tenant, job.level, due, ID .. ' ' .. job.turn)
end

local function json_string (name)
  return '"' .. name .. '"'
end

-- Records that the current run was lost. Answers the state that the job has now: `running` means that a new run may start.
-- The failures are JSON, made by the caller: one for a budget that is spent, one for a cancelled job.
local function lose_run (job, reason, dead_failure, cancelled_failure, retention_ms, dead_retention_ms)
  local charged = redis.call('HINCRBY', JOB, 'lost', 1)
  append_event(job.attempt, 'job.lost', text(NOW), '{"run":' .. job.fence .. ',"reason":' .. json_string(reason) .. ',"charged":true,"lost":' .. charged .. '}')
  local status = 'running'
  if job.cancel then status = 'cancelled' elseif charged > job.maxLost then status = 'dead' end
  end_run(job, '{"finishedAt":' .. text(NOW) .. ',"lost":' .. json_string(reason) .. '}')
  if status == 'cancelled' then
    end_job(job, status, cancelled_failure, '{}', retention_ms)
  elseif status == 'dead' then
    end_job(job, status, dead_failure, '{"error":' .. dead_failure .. '}', dead_retention_ms)
  end
  return status
end

-- What the job's code saved last, with the number of the save.
local function checkpoint_key ()
  return P .. ':checkpoint:' .. ID
end

local function unlink_job ()
  release_file(ID)
  drop_outputs(ID)
  redis.call('UNLINK', JOB, EVENTS, P .. ':history:' .. ID, P .. ':trace:' .. ID, P .. ':payload:' .. ID .. ':input', P .. ':payload:' .. ID .. ':result', checkpoint_key())
  remove_deliveries_of(ID)
  redis.call('ZREM', P .. ':owed:archive', ID)
  redis.call('ZREM', P .. ':expiring', ID)
end

local function remove_code (tenant, hash)
  local key = P .. ':code:' .. tenant .. ':' .. hash
  local bytes = redis.call('HSTRLEN', key, 'bytes')
  if redis.call('DEL', key) == 1 and bytes > 0 then use_code(tenant, -bytes, -1) end
  end_usage(tenant)
end

-- Removes a job, with all that it stored, and leaves a tombstone where it is told for how long. A full Redis lets a script go on once it has done what makes room, so that comes first.
local function remove_job (tenant, status, code, tombstone_ms)
  local died_of = redis.call('HGET', JOB, 'diedOf')
  local bytes = tonumber(redis.call('HGET', JOB, 'bytes') or 0)
  local own_shards = redis.call('HGET', JOB, 'shards')
  unlink_job()
  if redis.call('HINCRBY', P .. ':code:' .. tenant .. ':' .. code, 'refs', -1) <= 0 then remove_code(tenant, code) end
  redis.call('HINCRBY', usage_key(tenant), 'bytes', -bytes)
  redis.call('ZREM', P .. ':jobs:' .. tenant, ID)
  redis.call('ZREM', P .. ':jobs:' .. tenant .. ':' .. status, ID)
  if died_of then redis.call('ZREM', dead_key(tenant, died_of), ID) end
  if redis.call('EXISTS', P .. ':jobs:' .. tenant) == 0 then redis.call('SREM', P .. ':tenants', tenant) end
  end_usage(tenant)
  if tombstone_ms then redis.call('SET', P .. ':gone:' .. ID, tenant, 'PX', tombstone_ms) end
  if own_shards then shards.forget(own_shards) end
end
