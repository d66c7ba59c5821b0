local tenant, spec, code_hash, code = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local input, input_body, bounds, traceparent = ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local delay_ms, ttl_ms = tonumber(ARGV[11]), tonumber(ARGV[12])
local idem_key, body_hash, idem_ttl_ms = ARGV[13], ARGV[14], ARGV[15]
local run_at, max_delay_ms, level = tonumber(ARGV[16]), tonumber(ARGV[17]), tonumber(ARGV[18])
local tenant_bounds, hook, tags, file, version = ARGV[19], ARGV[20], ARGV[21], ARGV[22], ARGV[23]

if is_erasing(tenant) then return ERASING end
local repeated = answer_repeat(idem_key, body_hash)
if repeated then return repeated end

if redis.call('EXISTS', JOB) == 1 then
  local f = redis.call('HMGET', JOB, 'createdAt', 'runAt')
  local created = f[1] or text(NOW)
  if redis.call('ZSCORE', OWED, ID .. ' 1') then deals = { ID, 1, level, created } end -- it may not have been sent
  return answer_with_deals({ 'accepted', created, f[2] or created })
end

local bound, observed, own = reached_bound(tenant, tenant_bounds, 1, { code_hash }, idem_key ~= '' and tonumber(idem_ttl_ms) or 0)
if bound then return { 'full', bound, observed, own or -1 } end

local due = run_at > 0 and math.max(NOW, run_at) or NOW + delay_ms
if due > NOW + max_delay_ms then return { 'late' } end
keep_code(tenant, code_hash, code, 1)
local status = create_job({
  tenant = tenant, spec = spec, codeHash = code_hash, input = input, inputBody = input_body, bounds = bounds, traceparent = traceparent, ttlMs = ttl_ms, hook = hook, tags = tags, file = file, version = version,
}, due)
if status == 'scheduled' or room() <= 0 or redis.call('EXISTS', RING) == 1 or not may_run(tenant) then
  owe_turn(tenant, level, due, ID .. ' 1')
else
  note_due(due, ID .. ' 1')
  hand_out(tenant, level, due, ID .. ' 1') -- nobody waits
end
deal()
count('accepted')
if idem_key ~= '' then keep_idempotency(tenant, idem_key, body_hash .. ' ' .. ID, tonumber(idem_ttl_ms)) end
return answer_with_deals({ 'accepted', text(NOW), text(due) })
