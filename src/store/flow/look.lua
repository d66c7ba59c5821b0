-- Tells how each of some calls is: it waits, a worker has it, its worker is gone, or nobody knows of it. Whoever looks waits for them.
local P, caller, alive_ms = ARGV[1], ARGV[2], ARGV[3]
redis.call('SET', P .. ':flow:caller:' .. caller, '', 'PX', alive_ms)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local states = {}
for at = 4, #ARGV do
  if redis.call('EXISTS', P .. ':flow:call:' .. ARGV[at]) == 1 then
    states[#states + 1] = 'waiting'
  else
    local worker = redis.call('GET', P .. ':flow:run:' .. ARGV[at])
    local alive = worker and tonumber(redis.call('ZSCORE', P .. ':flow:workers', worker) or 0) > now
    if worker and not alive then redis.call('DEL', P .. ':flow:run:' .. ARGV[at]) end -- whoever asked is told now
    states[#states + 1] = not worker and 'unknown' or alive and 'running' or 'lost'
  end
end
return states
