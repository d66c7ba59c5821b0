-- Notes what a step did. Two may have made the same one, where a worker stood still for longer than a step may take: the first counts.
local id, from, to, is_last, rest_ms, kept_ms = ARGV[3], ARGV[4], ARGV[5], ARGV[6] == '1', tonumber(ARGV[7]), ARGV[8]
local refusal = ARGV[9]
local key, sweeps = P .. ':sweep:' .. id, P .. ':sweeps'

local f = redis.call('HMGET', key, 'status', 'at', 'tenant', 'all')
if f[1] ~= 'running' or f[2] ~= from then return 0 end
redis.call('HSET', key, 'at', to)
for i = 10, #ARGV, 2 do redis.call('HINCRBY', key, ARGV[i], ARGV[i + 1]) end
if refusal ~= '' then redis.call('HSET', key, 'refusal', refusal) end
if is_last then redis.call('HSET', key, 'all', 1) end
if (is_last or f[4]) and redis.call('SCARD', key .. ':flight') == 0 then
  redis.call('HSET', key, 'status', 'done', 'finishedAt', text(NOW))
  redis.call('PEXPIRE', key, kept_ms)
  redis.call('ZREM', sweeps, id)
  redis.call('ZREM', sweeps .. ':' .. f[3], id)
else
  redis.call('ZADD', sweeps, text(NOW + rest_ms), id)
end
return 1
