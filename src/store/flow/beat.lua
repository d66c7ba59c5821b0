-- Has a worker count as one that takes calls for so long; for no time at all when it leaves.
local P, worker, alive_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
local workers = P .. ':flow:workers'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', workers, '-inf', string.format('%.0f', now))
if alive_ms == 0 then
  redis.call('ZREM', workers, worker)
else
  redis.call('ZADD', workers, string.format('%.0f', now + alive_ms), worker)
  redis.call('PEXPIRE', workers, alive_ms)
end
