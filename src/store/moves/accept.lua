local tenant, spec, code_hash, code = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local input, input_body, bounds, traceparent = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local delay_ms, ttl_ms = tonumber(ARGV[11]), tonumber(ARGV[12])
local idem_key, body_hash, idem_ttl_ms = ARGV[13], ARGV[14], ARGV[15]
local run_at, max_delay_ms, level = tonumber(ARGV[16]), tonumber(ARGV[17]), tonumber(ARGV[18])

if idem_key ~= '' then
  local first = redis.call('GET', idem_key)
  if first then
    local hash, id = string.match(first, '^(%x+) (.+)$')
    if hash ~= body_hash then return { 'mismatch' } end
    if id ~= ID then return { 'repeated', id } end
  end
end

if redis.call('EXISTS', JOB) == 1 then
  local f = redis.call('HMGET', JOB, 'createdAt', 'runAt')
  local created = f[1] or text(NOW)
  if redis.call('ZSCORE', OWED, ID .. ' 1') then deals = { ID, 1, level, created } end -- it may not have been sent
  return answer_with_deals({ 'accepted', created, f[2] or created })
end

local due = run_at > 0 and math.max(NOW, run_at) or NOW + delay_ms
if due > NOW + max_delay_ms then return { 'late' } end
local now, is_delayed = text(NOW), due > NOW
local status = is_delayed and 'scheduled' or 'queued'
redis.call('HSET', JOB, 'v', 1, 'tenant', tenant, 'status', status, 'attempt', 1, 'fence', 0,
  'spec', spec, 'code', code_hash, 'input', input, 'bounds', bounds, 'createdAt', now)
if is_delayed then redis.call('HSET', JOB, 'runAt', text(due)) end
if ttl_ms > 0 then redis.call('HSET', JOB, 'ttlAt', text(NOW + ttl_ms)) end
if traceparent ~= '' then redis.call('HSET', JOB, 'traceparent', traceparent) end
if input_body ~= '' then redis.call('SET', P .. ':payload:' .. ID .. ':input', input_body) end

local code_key = P .. ':code:' .. tenant .. ':' .. code_hash
redis.call('HSETNX', code_key, 'bytes', code)
redis.call('HINCRBY', code_key, 'refs', 1)
redis.call('HSET', code_key, 'used', now)

redis.call('SADD', P .. ':tenants', tenant)
redis.call('ZADD', P .. ':jobs:' .. tenant, now, ID)
redis.call('ZADD', P .. ':jobs:' .. tenant .. ':' .. status, now, ID)
append_event(0, 'job.' .. status, now, is_delayed and '{"delayMs":' .. text(due - NOW) .. '}' or '{}')
if is_delayed or room() <= 0 or redis.call('EXISTS', RING) == 1 or not may_run(tenant) then
  owe_turn(tenant, level, due, ID .. ' 1')
else
  note_due(due, ID .. ' 1')
  hand_out(tenant, level, due, ID .. ' 1') -- nobody waits
end
deal()
count('accepted')
if idem_key ~= '' then redis.call('SET', idem_key, body_hash .. ' ' .. ID, 'PX', idem_ttl_ms) end
return answer_with_deals({ 'accepted', now, text(due) })
