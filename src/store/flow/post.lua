-- Posts a call: the last of its tenant, whose turn comes round with those of the other tenants that have calls.
local P, tenant, id, code, caller, call, life_ms, alive_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local ring, bell, waiting = P .. ':flow:ring', P .. ':flow:bell', P .. ':flow:waiting:' .. tenant
-- Calls that nobody waits for any more are cleared away as fast as others come, also where no worker takes any.
local CLEARED, BELL_MAX = 2, 128
-- Longer than any call may wait.
local IDLE_MS = 3600000

redis.call('SET', P .. ':flow:caller:' .. caller, '', 'PX', alive_ms)
redis.call('SET', P .. ':flow:call:' .. id, call, 'PX', life_ms)
if redis.call('RPUSH', waiting, id .. ' ' .. code .. ' ' .. caller) == 1 then redis.call('RPUSH', ring, tenant) end
for _ = 1, CLEARED do
  local head = string.match(redis.call('LINDEX', waiting, 0), '^%S+')
  if redis.call('EXISTS', P .. ':flow:call:' .. head) == 1 then break end
  redis.call('LPOP', waiting)
end
if redis.call('LLEN', bell) < BELL_MAX then redis.call('RPUSH', bell, '') end
for _, key in ipairs({ waiting, ring, bell }) do redis.call('PEXPIRE', key, IDLE_MS) end
