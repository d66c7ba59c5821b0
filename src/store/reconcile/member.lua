-- Takes a member out of an index that has no place for it: a list of a tenant's jobs, of all or of those in one state, of those that are dead of one
-- failure code, or one of turns.
local index, kind, member, tenant, which = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]

local job = read_job()
local belongs
if kind == 'turns' then
  belongs = job and not TERMINAL[job.status] and job.status ~= 'running' and member == ID .. ' ' .. job.turn
elseif kind == 'dead' then
  belongs = job and job.tenant == tenant and job.status == 'dead' and redis.call('HGET', JOB, 'diedOf') == which
else
  belongs = job and job.tenant == tenant and (which == '' or job.status == which)
end
return belongs and 0 or redis.call('ZREM', index, member)
