local tenant, retention_ms, failure = ARGV[3], tonumber(ARGV[4]), ARGV[5]

local job = read_job()
if not job or job.tenant ~= tenant then return { 'missing' } end
if TERMINAL[job.status] then return { 'ended', job.status } end
if job.isNewer then return { 'newer' } end
if job.status == 'running' then
  redis.call('HSET', JOB, 'cancel', 1)
  redis.call('PUBLISH', P .. ':cancel', ID)
  return { 'asked' }
end
if job.waitsFor then
  -- It ends when the last of its shards was stopped.
  redis.call('HSET', JOB, 'cancel', 1)
  shards.stop(job.waitsFor)
  return { 'asked', job.waitsFor }
end
end_job(job, 'cancelled', failure, '{}', retention_ms)
return { 'cancelled' }
