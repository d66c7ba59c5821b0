-- Notes how a try ended and what becomes of its delivery, once: whoever lost the try to another changes nothing.
local try, holder, outcome, entry, delay_ms = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local rest_ms, most_failures, open_ms, open_max_ms = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local body = ARGV[12]
local key = delivery_key(ID)

local f = redis.call('HMGET', key, 'tenant', 'status', 'tries', 'lane', 'target', 'holder', 'settledBy', 'begunAt')
local tenant, lane, target = f[1], f[4], f[5]
if tonumber(f[3] or 0) == try and f[7] == holder then return { 'settled', f[2] } end -- its answer was lost on the way
if f[2] ~= 'pending' or tonumber(f[3]) + 1 ~= try or f[6] ~= holder then return { 'fenced' } end

redis.call('HSET', key, 'tries', try, 'try:' .. try, entry, 'settledBy', holder)
redis.call('HDEL', key, 'holder', 'begunAt')
if outcome ~= 'removed' then count_webhook('try:' .. (outcome == 'gone' and 'failed' or outcome)) end
local bounds = webhook_bounds()
local status = 'pending'
if outcome == 'succeeded' then
  close_circuit(lane)
  status = 'succeeded'
  end_delivery(ID, tenant, status, nil, bounds)
elseif outcome == 'gone' or outcome == 'removed' or delay_ms < 0 then
  if outcome == 'gone' and target ~= 'own' then
    local endpoint = P .. ':webhook:' .. target
    local changed = tonumber(redis.call('HGET', endpoint, 'updatedAt'))
    -- Whoever changed or deleted it meanwhile knows better.
    if changed and changed <= tonumber(f[8]) then
      redis.call('HSET', endpoint, 'enabled', 0, 'disabledReason', 'gone', 'updatedAt', text(NOW))
      redis.call('HDEL', P .. ':webhook-filters:' .. tenant, target)
      hold_lane(tenant .. ':' .. target, '+inf')
    end
  elseif outcome == 'failed' then
    note_failure(lane, rest_ms, most_failures, open_ms, open_max_ms)
  end
  status = 'dead'
  end_delivery(ID, tenant, status, outcome == 'failed' and 'exhausted' or outcome, bounds)
else
  note_failure(lane, rest_ms, most_failures, open_ms, open_max_ms)
  redis.call('HINCRBY', key, 'step', 1)
  local room = bounds.owedBytes - tonumber(redis.call('HGET', P .. ':webhook-bytes', tenant) or 0)
  if body ~= '' and #body <= room and redis.call('HSETNX', key, 'body', body) == 1 then use_webhook_bytes(tenant, key, #body) end -- else it is composed again
  redis.call('HSET', key, 'nextAt', text(NOW + delay_ms))
  release_delivery(ID, tenant, lane)
  owe_delivery(ID, lane, NOW + delay_ms)
end
return answer_with_webhooks({ 'settled', status })
