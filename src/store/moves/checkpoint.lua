-- Keeps the state that a run saved, in place of the one before, with the outputs that belong to it.
local fence, holder, save, bytes, state = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local form, is_further, is_told, figures = ARGV[8], ARGV[9] == '1', ARGV[10] == '1', ARGV[11]
local outputs, FIRST_OUTPUT = tonumber(ARGV[12]), 13
local key = checkpoint_key()

local job = read_job()
if not job or not holds(job, fence, holder) then return { 'fenced' } end

local before = redis.call('HMGET', key, 'holder', 'save', 'number')
local number = tonumber(before[3] or 0)
-- The same save again, because its answer was lost on the way, was written already.
if before[1] ~= holder or before[2] ~= save then
  number = number + 1
  use_bytes(job.tenant, JOB, #state - redis.call('HSTRLEN', key, 'state'))
  redis.call('HSET', key, 'number', number, 'run', fence, 'attempt', job.attempt, 'savedAt', text(NOW), 'bytes', bytes, 'state', state, 'form', form, 'format', string.byte(state), 'key', key_id(state), 'holder', holder, 'save', save)
  commit_outputs(job.tenant, ID, FIRST_OUTPUT, outputs)
  drop_other_outputs(ID, FIRST_OUTPUT, outputs)
  -- Who gets further between two deaths is not what the budgets are there for.
  if is_further then redis.call('HDEL', JOB, 'crashes', 'lost') end
  if is_told then append_event(job.attempt, 'job.checkpoint', text(NOW), '{"number":' .. number .. ',"run":' .. fence .. ',"bytes":' .. bytes .. figures .. '}') end
end
return { 'kept', number, job.cancel and 1 or 0 }
