-- Removes code that no job had need of since then. Code that was never asked about is noted, and left for the next time.
local key, since = ARGV[3], tonumber(ARGV[4])

local used = redis.call('HGET', key, 'used')
if not used then
  redis.call('HSET', key, 'used', text(NOW))
  return 0
end
return tonumber(used) < since and redis.call('UNLINK', key) or 0
