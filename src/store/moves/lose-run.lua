local fence, holder, grace_ms, retention_ms = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local dead_failure, cancelled_failure, dead_retention_ms = ARGV[7], ARGV[8], tonumber(ARGV[9])

local job = read_job()
if not job or job.isNewer or not holds(job, fence, holder) then return { 'fenced' } end
local deadline = tonumber(redis.call('ZSCORE', P .. ':running', ID) or 0)
if deadline + grace_ms > NOW then return { 'early' } end

local status = lose_run(job, 'overdue', dead_failure, cancelled_failure, retention_ms, dead_retention_ms)
if status == 'running' then
  requeue(job, NOW)
  status = job.status
end
return { 'lost', status }
