local fence, holder, retention_ms, cancelled_failure, reason = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]

local job = read_job()
if not job then return { 'fenced' } end
if not holds(job, fence, holder) then
  local before = redis.call('HGET', JOB, 'end:' .. fence)
  local status = string.match(before or '', '^{"status":"(%l+)","finishedAt":%d+,"lost":"' .. reason .. '"')
  return status and { 'given', status } or { 'fenced' }
end

append_event(job.attempt, 'job.lost', text(NOW), '{"run":' .. fence .. ',"reason":' .. json_string(reason) .. ',"charged":false}')
local status = job.cancel and 'cancelled' or 'queued'
end_run(job, '{"status":' .. json_string(status) .. ',"finishedAt":' .. text(NOW) .. ',"lost":' .. json_string(reason) .. '}')
if job.cancel then
  end_job(job, status, cancelled_failure, '{}', retention_ms)
else
  requeue(job, NOW)
end
return { 'given', status }
