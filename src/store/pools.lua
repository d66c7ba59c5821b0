-- Keeps what a worker says of its runners for so long; for no time at all when it leaves.
local P, worker, alive_ms, figures = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local pools = P .. ':pools'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local said = redis.call('HGETALL', pools)
for at = 1, #said, 2 do
  if tonumber(string.match(said[at + 1], '^%d+')) <= now then redis.call('HDEL', pools, said[at]) end
end
if alive_ms == 0 then
  redis.call('HDEL', pools, worker)
else
  redis.call('HSET', pools, worker, string.format('%.0f %s', now + alive_ms, figures))
  redis.call('PEXPIRE', pools, alive_ms)
end
