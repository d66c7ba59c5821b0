-- Brings everything that belongs to one id in line with its record. Answers what it made of it, and how many things it put right.
local function payload_key (kind)
  return P .. ':payload:' .. ID .. ':' .. kind
end

local f = redis.call('HMGET', JOB, 'tenant', 'status', 'code', 'input', 'result', 'runAt', 'deadlineAt', 'turn', 'bounds', 'createdAt', 'v', 'diedOf', 'waitsFor')
local status = f[2]
local member = ID .. ' ' .. (f[8] or '1')
local repairs = 0

local function drop (index)
  repairs = repairs + redis.call('ZREM', P .. index, ID)
end

local function keep (index, score, what)
  repairs = repairs + redis.call('ZADD', P .. index, 'NX', score, what)
end

if not status then
  repairs = redis.call('UNLINK', JOB, EVENTS, P .. ':history:' .. ID, P .. ':trace:' .. ID, payload_key('input'), payload_key('result'), checkpoint_key())
  drop(':running')
  drop(':expiring')
  drop(':owed:archive')
  return { 'gone', repairs }
end

-- The sweep of code asks when somebody last had need of it.
local code = P .. ':code:' .. f[1] .. ':' .. f[3]
if redis.call('EXISTS', code) == 1 then redis.call('HSET', code, 'used', text(NOW)) end

-- What else belongs to a record of a newer version is not known here.
if tonumber(f[11] or 1) > VERSION then return { 'listed', 0 } end

if status == 'running' then keep(':running', f[7] or text(NOW), ID) else drop(':running') end
if (status == 'queued' or status == 'scheduled') and not (f[13] and is_under_way(f[13])) then -- what waits for its shards has no turn
  local _, _, level = read_bounds(f[9])
  if not (redis.call('ZSCORE', OWED, member) or redis.call('ZSCORE', P .. ':scheduled', member) or redis.call('ZSCORE', waiting_key(f[1], level), member)) then
    owe_turn(f[1], level, tonumber(f[6] or f[10]), member)
    repairs = repairs + 1
  end
  if not redis.call('ZSCORE', P .. ':scheduled', member) then keep(':due', f[6] or f[10] or text(NOW), member) end
end

if not TERMINAL[status] then
  drop(':expiring')
  drop(':owed:archive')
  repairs = repairs + redis.call('UNLINK', P .. ':history:' .. ID)
elseif redis.call('EXISTS', EVENTS) == 1 then
  keep(':owed:archive', text(NOW), ID)
else
  drop(':owed:archive')
end

for kind, field in pairs({ input = f[4], result = f[5] }) do
  if not field or string.byte(field) ~= 0 then repairs = repairs + redis.call('UNLINK', payload_key(kind)) end
end

local jobs = P .. ':jobs:' .. f[1]
local listed = redis.call('ZSCORE', jobs, ID) and redis.call('ZSCORE', jobs .. ':' .. status, ID)
  and (not TERMINAL[status] or redis.call('ZSCORE', P .. ':expiring', ID))
  and (status ~= 'dead' or (f[12] and redis.call('ZSCORE', dead_key(f[1], f[12]), ID))) and redis.call('SISMEMBER', P .. ':tenants', f[1]) == 1
return { listed and 'listed' or 'unlisted', repairs }
