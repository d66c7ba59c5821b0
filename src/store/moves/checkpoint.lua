-- Keeps the state that a run saved, in place of the one before.
local fence, holder, save, bytes, state = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local key = checkpoint_key()

local job = read_job()
if not job or not holds(job, fence, holder) then return { 'fenced' } end

local before = redis.call('HMGET', key, 'holder', 'save', 'number')
local number = tonumber(before[3] or 0)
-- The same save again, because its answer was lost on the way, was written already.
if before[1] ~= holder or before[2] ~= save then
  number = number + 1
  use_bytes(job.tenant, JOB, #state - redis.call('HSTRLEN', key, 'state'))
  redis.call('HSET', key, 'number', number, 'run', fence, 'attempt', job.attempt, 'savedAt', text(NOW), 'bytes', bytes, 'state', state, 'format', string.byte(state), 'key', key_id(state), 'holder', holder, 'save', save)
  append_event(job.attempt, 'job.checkpoint', text(NOW), '{"number":' .. number .. ',"run":' .. fence .. ',"bytes":' .. bytes .. '}')
end
return { 'kept', number, job.cancel and 1 or 0 }
