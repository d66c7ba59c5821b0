-- What moves do about a job whose work its shards do: the items of a batch that names it as its parent. While it waits for them it is `scheduled`, has no turn, and names the batch in `waitsFor`. The
-- script in which the last of them ends gives it its next turn, so that it comes exactly once.

do

-- How far the shards are is told so often at the most, in the history only after so large a part of the work.
local SHARES_EVERY_MS, SHARES_STEP = 1000, 0.005

-- Does something to another job than the one that the script is about.
local function within (id, act)
  local own = ID
  about(id)
  act(read_job())
  about(own)
end

-- Ends what is left of the shards of a job: those that run are asked to end at once, the others step by step.
shards.stop = function (id)
  local f = redis.call('HMGET', batch_key(id), 'finishedAt', 'cancel', 'total')
  if f[1] or f[2] or not f[3] or is_newer_batch(id) then return end
  cancel_batch(id)
  for index = 0, tonumber(f[3]) - 1 do
    local shard = item_id(id, index)
    if redis.call('HGET', P .. ':job:' .. shard, 'status') == 'running' then
      redis.call('HSET', P .. ':job:' .. shard, 'cancel', 1)
      redis.call('PUBLISH', P .. ':cancel', shard)
    end
  end
end

-- The files of a job are made of those of its shards, which are not kept, nor charged for, beside them.
shards.join = function (id)
  for index = 0, tonumber(redis.call('HGET', batch_key(id), 'total') or 0) - 1 do drop_outputs(item_id(id, index)) end
end

-- Has the reaper remove a batch of shards and its items, since the job that they were of is gone.
shards.forget = function (id)
  local total = redis.call('HGET', batch_key(id), 'total')
  if not total or is_newer_batch(id) then return end
  redis.call('HSET', batch_key(id), 'expiresAt', text(NOW))
  redis.call('ZADD', P .. ':expiring-batches', text(NOW), id)
  for index = 0, tonumber(total) - 1 do redis.call('ZADD', P .. ':expiring', 'XX', text(NOW), item_id(id, index)) end
end

-- How far shards are taken together, as JSON of core's `Progress`. The sums are those of SHARE, in its order.
local function write_progress (sums, total, ended)
  local value = string.format('%.4f', math.max(0, math.min(1, sums[1] / total)))
  return '{"value":' .. value .. ',"message":"' .. ended .. ' of ' .. total .. ' shards have ended","records":{"read":' .. text(sums[2]) .. ',"written":' .. text(sums[3]) .. ',"rejected":' .. text(sums[4])
    .. '},"bytes":{"read":' .. text(sums[5]) .. ',"written":' .. text(sums[6]) .. '},"fraction":' .. value .. ',"recordsPerSecond":' .. text(math.max(0, sums[7])) .. ',"etaMs":null}'
end

-- Notes how far the shard is that the script is about, as `writeShare` writes it, and tells so of the job that waits for it, now and then.
local SHARE = { 'share', 'read', 'written', 'rejected', 'bytesRead', 'bytesWritten', 'rate' }
shards.note = function (id, share, is_end)
  local key = batch_key(id)
  local f = redis.call('HMGET', key, 'parent', 'total', 'toldAt', 'told', 'ended')
  if not f[1] then return end
  local before, sums = string.gmatch(redis.call('HGET', JOB, 'share') or '', '%S+'), {}
  for figure in string.gmatch(share, '%S+') do
    local more = tonumber(figure) - tonumber(before() or 0)
    sums[#sums + 1] = tonumber(redis.call('HINCRBYFLOAT', key, 'sum:' .. SHARE[#sums + 1], string.format('%.6f', more)))
  end
  redis.call('HSET', JOB, 'share', share)
  local value = sums[1] / tonumber(f[2])
  local is_time = NOW - tonumber(f[3] or 0) >= SHARES_EVERY_MS
  if not (is_end or is_time) then return end
  redis.call('HSET', key, 'toldAt', text(NOW))
  within(f[1], function (job)
    if not job or job.status ~= 'scheduled' or job.isNewer then return end
    local progress = write_progress(sums, f[2], f[5] or 0)
    redis.call('HSET', JOB, 'progress', progress)
    if not is_end and math.abs(value - tonumber(f[4] or 0)) < SHARES_STEP then return end
    redis.call('HSET', key, 'told', string.format('%.4f', value))
    append_event(job.attempt, 'job.progress', text(NOW), progress)
  end)
end

-- A shard has ended: the one that the script is about. All others are to end with the first that does not succeed.
shards.end_one = function (id, status, left)
  if status == 'succeeded' then
    local done = string.match(redis.call('HGET', JOB, 'share') or '', '^%S+( .+) %S+$') or ' 0 0 0 0 0'
    return shards.note(id, '1' .. done .. ' 0', true)
  end
  redis.call('HSETNX', batch_key(id), 'failed', ID)
  if left > 0 then shards.stop(id) end
end

-- All shards have ended: the job that waits for them gets its turn.
shards.end_all = function (id, parent)
  within(parent, function (job)
    if not job or job.status ~= 'scheduled' or job.isNewer or redis.call('HGET', JOB, 'waitsFor') ~= id then return end
    redis.call('HDEL', JOB, 'waitsFor')
    set_status(job, 'queued')
    local member = ID .. ' ' .. job.turn + 1
    redis.call('HSET', JOB, 'runAt', text(NOW), 'turn', job.turn + 1)
    -- It stands where it stood when it was made, before what came later: little is left to do of it.
    redis.call('ZADD', waiting_key(job.tenant, job.level), job.createdAt, member)
    note_due(NOW, member)
    join_ring(job.tenant)
    append_event(job.attempt, 'job.queued', text(NOW), '{}')
  end)
end

end
