local fence, holder, status, retention_ms = tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])
local failure, usage, ended = ARGV[7], ARGV[8], ARGV[9]
local result, result_body, charge = ARGV[10], ARGV[11], ARGV[12]
local next_attempt, delay_ms = tonumber(ARGV[13]), tonumber(ARGV[14])
local event_type, event_payload, cancelled_failure = ARGV[15], ARGV[16], ARGV[17]

local job = read_job()
if not job then return { 'fenced' } end
if not holds(job, fence, holder) then
  -- The same settlement again, because its answer was lost on the way, is answered as it was.
  local before = redis.call('HGET', JOB, 'end:' .. fence)
  local settled, due = string.match(before or '', '^{"status":"(%l+)","settled":(%d+)')
  return settled and { 'settled', settled, due, job.turn } or { 'fenced' }
end

append_given(job.attempt, 18)
if charge ~= '' then redis.call('HINCRBY', JOB, charge, 1) end

local due = NOW + delay_ms
if next_attempt == 0 then
  due = 0
elseif job.cancel then
  -- Somebody asked for the end, so what would run again does not.
  status, failure, due = 'cancelled', cancelled_failure, 0
  event_payload = '{}'
else
  status = delay_ms > 0 and 'scheduled' or 'queued'
end

end_run(job, '{"status":' .. json_string(status) .. ',"settled":' .. text(due) .. ',"finishedAt":' .. text(NOW) .. ended)
if usage ~= '' then redis.call('HSET', JOB, 'usage', usage) end

if due == 0 then
  if result ~= '' and status == 'succeeded' then
    redis.call('HSET', JOB, 'result', result)
    if result_body ~= '' then redis.call('SET', P .. ':payload:' .. ID .. ':result', result_body) end
  end
  end_job(job, status, failure, event_payload, retention_ms)
else
  append_event(job.attempt, event_type, text(NOW), event_payload)
  job.attempt = next_attempt
  redis.call('HSET', JOB, 'attempt', next_attempt)
  requeue(job, due)
end
return { 'settled', status, text(due), job.turn }
