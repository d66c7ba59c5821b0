local fence, holder, status, retention_ms = tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])
local failure, usage, ended = ARGV[7], ARGV[8], ARGV[9]
local result, result_body, charge = ARGV[10], ARGV[11], ARGV[12]
local next_attempt, delay_ms = tonumber(ARGV[13]), tonumber(ARGV[14])
local event_type, event_payload, cancelled_failure = ARGV[15], ARGV[16], ARGV[17]
local quarantine_ms, retry_every_ms = ARGV[18], tonumber(ARGV[19])
local outputs, FIRST_OUTPUT = tonumber(ARGV[20]), 21

-- Retries may come at once as long as there were fewer lately than fill that time.
local RETRY_BURST_MS = 10000

-- A tenant's retries have a budget: beyond it, they come one in so many milliseconds. Source: the generic cell rate algorithm, ITU-T I.371.
local function pace_retry (tenant, due)
  local key = P .. ':retries:' .. tenant
  local expected = math.max(tonumber(redis.call('GET', key) or 0), NOW)
  redis.call('SET', key, string.format('%.3f', expected + retry_every_ms), 'PX', text(expected + retry_every_ms - NOW + RETRY_BURST_MS))
  return math.max(due, expected - RETRY_BURST_MS)
end

local job = read_job()
if not job then return { 'fenced' } end
if not holds(job, fence, holder) then
  -- The same settlement again, because its answer was lost on the way, is answered as it was.
  local before = string.match(redis.call('HGET', JOB, 'end:' .. fence) or '', '^{"status":"(%l+)","settled":true,')
  return before and { 'settled', before } or { 'fenced' }
end

append_given(job.attempt, FIRST_OUTPUT + OUTPUT_ARGUMENTS * outputs)
if charge ~= '' then redis.call('HINCRBY', JOB, charge, 1) end
local crashes = crashes_key(job.tenant)
if charge == 'crashes' then
  redis.call('INCR', crashes)
  redis.call('PEXPIRE', crashes, quarantine_ms)
elseif charge == '' and redis.call('EXISTS', crashes) == 1 and redis.call('DECR', crashes) <= 0 then
  redis.call('DEL', crashes)
end

local due = NOW + delay_ms
if next_attempt == 0 then
  due = 0
elseif job.cancel then
  -- Somebody asked for the end, so what would run again does not.
  status, failure, due = 'cancelled', cancelled_failure, 0
  event_payload = '{}'
else
  if retry_every_ms > 0 and next_attempt > job.attempt then
    local paced = pace_retry(job.tenant, due)
    if paced > due then event_payload = string.sub(event_payload, 1, -2) .. ',"heldForMs":' .. text(paced - due) .. '}' end
    due = paced
  end
  status = due > NOW and 'scheduled' or 'queued'
end

end_run(job, '{"status":' .. json_string(status) .. ',"settled":true,"finishedAt":' .. text(NOW) .. ended)
if usage ~= '' then redis.call('HSET', JOB, 'usage', usage) end

if due == 0 then
  commit_outputs(job.tenant, ID, FIRST_OUTPUT, outputs)
  if result ~= '' and status == 'succeeded' then
    redis.call('HSET', JOB, 'result', result)
    use_bytes(job.tenant, JOB, #result + #result_body)
    if result_body ~= '' then redis.call('SET', P .. ':payload:' .. ID .. ':result', result_body) end
  end
  end_job(job, status, failure, event_payload, retention_ms)
else
  append_event(job.attempt, event_type, text(NOW), event_payload)
  job.attempt = next_attempt
  redis.call('HSET', JOB, 'attempt', next_attempt)
  requeue(job, due)
end
if redis.call('HEXISTS', P .. ':max-running', job.tenant) == 1 then deal() end -- its own next turn may have waited for this end alone
return answer_with_deals({ 'settled', status })
