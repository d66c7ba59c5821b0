-- Removes code that no job had need of since then. Code that was never asked about is noted, and left for the next time.
local tenant, hash, since = ARGV[3], ARGV[4], tonumber(ARGV[5])
local key = P .. ':code:' .. tenant .. ':' .. hash

local used = redis.call('HGET', key, 'used')
if not used then
  if redis.call('EXISTS', key) == 0 then return 0 end
  redis.call('HSET', key, 'used', text(NOW))
  return 0
end
if tonumber(used) >= since then return 0 end
remove_code(tenant, hash)
return 1
