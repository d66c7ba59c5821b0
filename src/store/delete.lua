local tenant, tombstone_ms = ARGV[3], ARGV[4]

local f = redis.call('HMGET', JOB, 'tenant', 'status', 'code', 'batchId')
if f[1] ~= tenant then return { 'missing' } end
if not TERMINAL[f[2]] then return { 'unfinished', f[2] } end
-- What a shard has made is to be joined: it stays until the job that it is of has ended.
local parent = f[4] and redis.call('HGET', batch_key(f[4]), 'parent')
local of = parent and redis.call('HGET', P .. ':job:' .. parent, 'status')
if of and not TERMINAL[of] then return { 'awaited', parent } end
if is_newer(JOB, VERSION) then return NEWER end
remove_job(tenant, f[2], f[3], tombstone_ms)
note_act(5)
return { 'deleted' }
