local tombstone_ms = ARGV[3]

local expires = redis.call('ZSCORE', P .. ':expiring', ID)
if not expires or tonumber(expires) > NOW then return 0 end

local f = redis.call('HMGET', JOB, 'tenant', 'status', 'code')
if f[1] then
  local tenant = f[1]
  local code_key = P .. ':code:' .. tenant .. ':' .. f[3]
  if redis.call('HINCRBY', code_key, 'refs', -1) <= 0 then redis.call('DEL', code_key) end
  redis.call('ZREM', P .. ':jobs:' .. tenant, ID)
  redis.call('ZREM', P .. ':jobs:' .. tenant .. ':' .. f[2], ID)
  redis.call('SET', P .. ':gone:' .. ID, tenant, 'PX', tombstone_ms)
end
redis.call('UNLINK', JOB, EVENTS, P .. ':history:' .. ID, P .. ':trace:' .. ID, P .. ':payload:' .. ID .. ':input', P .. ':payload:' .. ID .. ':result')
redis.call('ZREM', P .. ':owed:archive', ID)
redis.call('ZREM', P .. ':expiring', ID)
return 1
