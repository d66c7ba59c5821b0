-- Commits outputs of the job of a run.
local fence, holder, count = tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])

local job = read_job()
if not job or not holds(job, fence, holder) then return { 'fenced' } end
if is_erasing(job.tenant) then return ERASING end
for at = 10, #ARGV, 6 do
  if is_leaving(ARGV[at]) then return { 'gone', ARGV[at - 3] } end
end
commit_outputs(job.tenant, ID, 6, count)
return { 'kept' }
