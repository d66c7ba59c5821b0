local last, history = tonumber(ARGV[3]), ARGV[4]

local f = redis.call('HMGET', JOB, 'status', 'seq')
if f[1] and not TERMINAL[f[1]] then return 0 end
if f[1] and redis.call('EXISTS', EVENTS) == 1 then
  -- No event follows the end, so a fold that is short was read too early.
  if tonumber(f[2]) ~= last then return 0 end
  redis.call('SET', P .. ':history:' .. ID, history)
end
redis.call('DEL', EVENTS)
redis.call('ZREM', P .. ':owed:archive', ID)
return 1
