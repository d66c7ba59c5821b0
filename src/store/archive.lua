local last, history, inline_bytes = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])

if is_newer(JOB, VERSION) then
  put_off(':owed:archive', ID)
  return 0
end
local f = redis.call('HMGET', JOB, 'status', 'seq')
if f[1] and not TERMINAL[f[1]] then return 0 end
if f[1] and redis.call('EXISTS', EVENTS) == 1 then
  -- No event follows the end, so a fold that is short, or a record that does not go with it, was read too early.
  if tonumber(f[2]) ~= last or #ARGV < 6 then return 0 end
  local replayed = redis.call('HGET', JOB, 'replayedAs') -- it may have come after the record was read
  redis.call('DEL', JOB)
  if replayed then redis.call('HSET', JOB, 'replayedAs', replayed) end
  for i = 6, #ARGV, 2 do redis.call('HSET', JOB, ARGV[i], ARGV[i + 1]) end
  use_bytes(redis.call('HGET', JOB, 'tenant'), JOB, #history)
  if #history <= inline_bytes then
    redis.call('HSET', JOB, 'history', history)
  else
    redis.call('SET', P .. ':history:' .. ID, history)
  end
end
redis.call('DEL', EVENTS)
redis.call('ZREM', P .. ':owed:archive', ID)
return 1
