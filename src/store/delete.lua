local tenant, tombstone_ms = ARGV[3], ARGV[4]

local f = redis.call('HMGET', JOB, 'tenant', 'status', 'code')
if f[1] ~= tenant then return { 'missing' } end
if not TERMINAL[f[2]] then return { 'unfinished', f[2] } end
if is_newer(JOB, VERSION) then return NEWER end
remove_job(tenant, f[2], f[3], tombstone_ms)
note_act(5)
return { 'deleted' }
