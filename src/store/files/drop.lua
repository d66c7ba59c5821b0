-- Removes a file of a tenant's own, or an upload; jobs that hold it keep it. With a holder, only where that one has it. Answers whether there was one.
local tenant, holder = ARGV[3], ARGV[4]

local f = redis.call('HMGET', file_key(ID), 'tenant', 'job', 'dropped', 'holder')
if f[1] ~= tenant or f[2] or f[3] or (holder ~= '' and f[4] ~= holder) then return 0 end
if is_newer(file_key(ID), FILE_VERSION) then return NEWER end
drop_file(ID)
return 1
