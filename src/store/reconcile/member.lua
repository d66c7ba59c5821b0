-- Takes a member out of an index that has no place for it: a list of a tenant's jobs, of all or of those in one state, or one of turns.
local index, kind, member, tenant, status = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]

local job = read_job()
local belongs
if kind == 'turns' then
  belongs = job and not TERMINAL[job.status] and job.status ~= 'running' and member == ID .. ' ' .. job.turn
else
  belongs = job and job.tenant == tenant and (status == '' or job.status == status)
end
return belongs and 0 or redis.call('ZREM', index, member)
