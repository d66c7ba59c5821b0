-- Makes a job with the code and the input of another one that has ended (the input comes along where it is encrypted: it is bound to its job), and notes in that one what was made of it. Where an order has it made, that one is told.
local tenant, source, spec, bounds, level = ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local ttl_ms, traceparent, again, sweep = tonumber(ARGV[8]), ARGV[9], ARGV[10] == '1', ARGV[11]
local idem_key, body_hash, idem_ttl_ms, tenant_bounds = ARGV[12], ARGV[13], ARGV[14], ARGV[15]
local own_input, own_body = ARGV[16], ARGV[17]
local hook, tags, version = ARGV[18], ARGV[19], ARGV[20]
-- Enough of a value to tell its key.
local KEY_ID_BYTES = 255
local SOURCE, SWEEP = P .. ':job:' .. source, P .. ':sweep:' .. sweep

if is_erasing(tenant) then return ERASING end
local repeated = answer_repeat(idem_key, body_hash)
if repeated then return repeated end

if redis.call('EXISTS', JOB) == 1 then
  if redis.call('ZSCORE', OWED, ID .. ' 1') then deals = { ID, 1, level, redis.call('HGET', JOB, 'createdAt') } end -- it may not have been sent
  return answer_with_deals({ 'made' })
end

local f = redis.call('HMGET', SOURCE, 'tenant', 'status', 'code', 'input', 'replayedAs', 'file')
local code, input = f[3], f[4]
if f[1] ~= tenant then return { 'missing' } end
if not TERMINAL[f[2]] then return { 'unfinished' } end
if sweep ~= '' and redis.call('HGET', SWEEP, 'status') ~= 'running' then return { 'stopped' } end
local before, by = string.match(f[5] or '', '^(%S+) ?(%S*)$')
if before and (not again or (sweep ~= '' and by == sweep)) then return { 'replayed', before, by } end
local has_body, body_key = string.byte(input) == 0, P .. ':payload:' .. source .. ':input'
if redis.call('HEXISTS', P .. ':code:' .. tenant .. ':' .. code, 'bytes') == 0 or (has_body and redis.call('EXISTS', body_key) == 0) then return { 'incomplete' } end
if f[6] and redis.call('HGET', file_key(f[6]), 'tenant') ~= tenant then return { 'fileless', f[6] } end
if own_input == '' and key_id(has_body and redis.call('GETRANGE', body_key, 0, KEY_ID_BYTES) or input) ~= '' then return { 'sealed' } end

local bound, observed, own = reached_bound(tenant, tenant_bounds, 1, { code }, idem_key ~= '' and tonumber(idem_ttl_ms) or 0)
if bound then return { 'full', bound, observed, own or -1 } end

keep_code(tenant, code, '', 1)
local copies = has_body and own_input == ''
if copies then redis.call('COPY', body_key, P .. ':payload:' .. ID .. ':input') end
if own_input ~= '' then input = own_input end
create_job({ tenant = tenant, spec = spec, codeHash = code, input = input, inputBody = own_body, bounds = bounds, traceparent = traceparent, ttlMs = ttl_ms, replayOf = source, hook = hook, tags = tags, file = f[6], version = version }, NOW)
if copies then use_bytes(tenant, JOB, redis.call('STRLEN', body_key)) end
redis.call('HSET', SOURCE, 'replayedAs', sweep == '' and ID or ID .. ' ' .. sweep)
if sweep ~= '' then
  redis.call('SADD', SWEEP .. ':flight', ID)
  redis.call('HINCRBY', SWEEP, 'done', 1)
end
owe_turn(tenant, level, NOW, ID .. ' 1')
deal()
count('accepted')
if idem_key ~= '' then keep_idempotency(tenant, idem_key, body_hash .. ' ' .. ID, tonumber(idem_ttl_ms)) end
return answer_with_deals({ 'made' })
