-- Notes how far a step came. Two may have made the same one, where a worker stood still for longer than a step may take: the first counts.
local tenant, digest, id, from, to = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local running, rest_ms, quiet_ms, kept_ms = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11]
local key = P .. ':erasure:' .. digest

if not is_under(digest, id) or redis.call('HGET', key, 'at') ~= from then return 0 end
redis.call('ZREM', P .. ':erasing', tenant) -- first, as in take.lua
redis.call('HSET', key, 'at', to, 'running', running)
if from == 'keys' then redis.call('HSET', key, 'revokedAt', text(NOW)) end
-- Whoever was let in with a key before it was revoked may still be sending what they ask for: until they cannot be any more, it is refused.
if to == 'quiet' then rest_ms = tonumber(redis.call('HGET', key, 'revokedAt')) + quiet_ms - NOW end
if to ~= 'quiet' or rest_ms > 0 then
  redis.call('ZADD', P .. ':erasing', text(NOW + rest_ms), tenant)
  return 1
end
for _, name in ipairs({ ':dealt', ':max-running', ':max-waiting', ':ceilings', ':webhook-bytes' }) do redis.call('HDEL', P .. name, tenant) end
redis.call('ZREM', RING, tenant)
redis.call('ZREM', P .. ':kv-due', tenant)
redis.call('SREM', P .. ':tenants', tenant)
redis.call('HDEL', key, 'running')
redis.call('HSET', key, 'status', 'done', 'finishedAt', text(NOW))
redis.call('PEXPIRE', key, kept_ms)
return 1
