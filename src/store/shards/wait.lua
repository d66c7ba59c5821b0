-- Has a job wait for its shards, which are made with that, all of them, unless there are any: its run ends, and nothing is charged for it.
local fence, holder, batch, retention_ms = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local ended, tenant_bounds, rest_ms = ARGV[7], ARGV[8], tonumber(ARGV[9])
local bounds, level, tags, starts = ARGV[10], tonumber(ARGV[11]), ARGV[12], ARGV[13]
local ITEM, FIRST = 3, 14
local total = math.floor((#ARGV - FIRST + 1) / ITEM)
local PARENT = ID

local job = read_job()
if not job then return { 'fenced' } end
if not holds(job, fence, holder) then
  -- The same again, because its answer was lost on the way.
  local before = string.match(redis.call('HGET', JOB, 'end:' .. fence) or '', '^{"status":"scheduled","waits":"(%l+)"')
  return { before or 'fenced' }
end
if job.cancel or is_erasing(job.tenant) then return { 'cancelled' } end

-- Has the job go on when there is something for it to do, which `why` tells.
local function leave (why, payload)
  append_event(job.attempt, 'job.scheduled', text(NOW), payload)
  end_run(job, '{"status":"scheduled","waits":' .. json_string(why) .. ',"finishedAt":' .. text(NOW) .. ended)
end

local function make_shards (code)
  local f = redis.call('HMGET', JOB, 'traceparent', 'file', 'v')
  redis.call('HSET', batch_key(batch), 'v', BATCH_VERSION, 'tenant', job.tenant, 'createdAt', text(NOW), 'total', total, 'accepted', total, 'n:queued', total, 'ended', 0,
    'retentionMs', retention_ms, 'sealedAt', text(NOW), 'parent', PARENT)
  redis.call('ZADD', P .. ':batches:' .. job.tenant, text(NOW), batch)
  for index = 0, total - 1 do
    local at = FIRST + index * ITEM
    about(item_id(batch, index))
    create_job({ tenant = job.tenant, spec = ARGV[at], codeHash = code, input = ARGV[at + 1], inputBody = ARGV[at + 2], bounds = bounds, traceparent = f[1], ttlMs = 0, batchId = batch, tags = tags, file = f[2], version = math.max(FILES_VERSION, tonumber(f[3] or 1)) }, NOW)
    owe_turn(job.tenant, level, NOW, ID .. ' 1')
  end
  about(PARENT)
  keep_code(job.tenant, code, '', total)
  count('accepted', total)
  redis.call('HSET', JOB, 'shards', batch)
  redis.call('HDEL', JOB, 'starts')
end

local f = redis.call('HMGET', batch_key(batch), 'tenant', 'finishedAt', 'total')
if f[2] then return { 'ended' } end
if f[1] then
  total = tonumber(f[3])
elseif total == 0 then
  return { 'missing' }
else
  local code = redis.call('HGET', JOB, 'code')
  local bound, observed, own = reached_bound(job.tenant, tenant_bounds, total, { code }, 0)
  if bound then
    local most = bound == 'jobsWaiting' and tonumber(own or string.match(tenant_bounds, '^%S+'))
    if most and most < total then return { 'small', most } end
    -- Where the input is split need not be found out again.
    leave('full', '{"delayMs":' .. text(rest_ms) .. ',"bound":' .. json_string(bound) .. '}')
    redis.call('HSET', JOB, 'starts', starts)
    requeue(job, NOW + rest_ms)
    return { 'full', bound, observed, own or -1 }
  end
  make_shards(code)
end
leave('shards', '{"shards":' .. total .. ',"batchId":' .. json_string(batch) .. '}')
set_status(job, 'scheduled')
redis.call('HSET', JOB, 'waitsFor', batch, 'turn', job.turn + 1)
redis.call('HDEL', JOB, 'runAt')
deal()
return answer_with_deals({ 'shards' })
