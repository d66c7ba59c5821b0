local fence, holder, batch, progress, share = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]

local f = redis.call('HMGET', JOB, 'status', 'fence', 'cancel', 'batch', 'attempt', 'holder', 'batchId')
if not holds({ status = f[1], fence = tonumber(f[2]), holder = f[6] }, fence, holder) then return { 'fenced' } end

-- Batches of one run come from one process, which numbers them upwards: a number that is not new was written already.
if batch > tonumber(f[4] or 0) then
  append_given(f[5], 8)
  redis.call('HSET', JOB, 'batch', batch)
  if progress ~= '' then redis.call('HSET', JOB, 'progress', progress) end
  for i = 8, #ARGV, 3 do
    if ARGV[i] == 'job.usage' then redis.call('HSET', JOB, 'live', ARGV[i + 2]) end
  end
  if share ~= '' and f[7] then shards.note(f[7], share, false) end
end
return { 'kept', f[3] and 1 or 0 }
