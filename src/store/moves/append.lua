local fence, batch, progress = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

local f = redis.call('HMGET', JOB, 'status', 'fence', 'cancel', 'batch', 'attempt')
if f[1] ~= 'running' or tonumber(f[2]) ~= fence then return { 'fenced' } end

-- Batches of one run come from one process, which numbers them upwards: a number that is not new was written already.
if batch > tonumber(f[4] or 0) then
  append_given(f[5], 6)
  redis.call('HSET', JOB, 'batch', batch)
  if progress ~= '' then redis.call('HSET', JOB, 'progress', progress) end
end
return { 'kept', f[3] and 1 or 0 }
