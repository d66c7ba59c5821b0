-- Says what came of a call, if the worker has run one, and takes the next ones: one of each tenant in turn, but none of the one that is passed over.
local P, worker, wanted, run_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local quarantine_crashes, quarantine_ms = tonumber(ARGV[5]), ARGV[6]
local passed_over = ARGV[7]
local id, caller, message, large, large_ms, crashes, has_crashed = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12], ARGV[13], ARGV[14]
local ring = P .. ':flow:ring'

if id ~= '' then
  redis.call('DEL', P .. ':flow:run:' .. id)
  if large ~= '' then redis.call('SET', P .. ':flow:answer:' .. id, large, 'PX', large_ms) end
  redis.call('PUBLISH', P .. ':flow:answers:' .. caller, message)
  -- As the moves of jobs count them.
  local key = P .. ':crashes:' .. crashes
  if has_crashed == '1' then
    redis.call('INCR', key)
    redis.call('PEXPIRE', key, quarantine_ms)
  elseif has_crashed == '0' and redis.call('EXISTS', key) == 1 and redis.call('DECR', key) <= 0 then
    redis.call('DEL', key)
  end
end

-- Answers the tenant's next call that somebody waits for.
local function next_call (tenant)
  local waiting = P .. ':flow:waiting:' .. tenant
  while true do
    local entry = redis.call('LPOP', waiting)
    if not entry then return nil end
    local call_id, code, waits = string.match(entry, '^(%S+) (%S+) (%S+)$')
    local call = redis.call('GETDEL', P .. ':flow:call:' .. call_id)
    if call and redis.call('EXISTS', P .. ':flow:caller:' .. waits) == 1 then
      local dead = quarantine_crashes > 0 and tonumber(redis.call('GET', P .. ':crashes:' .. tenant .. ':' .. code) or 0) >= quarantine_crashes
      redis.call('SET', P .. ':flow:run:' .. call_id, worker, 'PX', run_ms)
      return { tenant, call_id, code, waits, call, dead and 1 or 0 }
    end
  end
end

local taken = {}
while #taken < wanted do
  local tenant = redis.call('LINDEX', ring, 0)
  if tenant == passed_over then
    tenant = redis.call('LINDEX', ring, 1)
    if tenant then redis.call('LMOVE', ring, ring, 'LEFT', 'RIGHT') end
  end
  if not tenant then break end
  taken[#taken + 1] = next_call(tenant)
  if redis.call('EXISTS', P .. ':flow:waiting:' .. tenant) == 1 then redis.call('LMOVE', ring, ring, 'LEFT', 'RIGHT') else redis.call('LPOP', ring) end
end
if redis.call('EXISTS', ring) == 0 then redis.call('DEL', P .. ':flow:bell') end -- nothing waits
return taken
