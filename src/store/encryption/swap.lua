-- Puts a value in place of another one, if nobody has written there meanwhile, and counts its bytes where those are counted.
local name, field, before, after, counted, owner = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local key = P .. ':' .. name

if ID ~= '' and is_newer(JOB, VERSION) then return 0 end
if field == '' then
  if redis.call('GET', key) ~= before then return 0 end
  redis.call('SET', key, after, 'KEEPTTL')
else
  if redis.call('HGET', key, field) ~= before then return 0 end
  redis.call('HSET', key, field, after)
end
if counted == 'code' then redis.call('HSET', key, 'key', key_id(after)) end
if key == checkpoint_key() then redis.call('HSET', key, 'format', string.byte(after), 'key', key_id(after)) end
if key == JOB then raise_version(SEALED_VERSION) end

local more = #after - #before
if counted == 'code' then use_code(owner, more, 0) end
if counted == 'kv' then redis.call('HINCRBY', key, '', more) end
local tenant = counted == 'job' and redis.call('HGET', JOB, 'tenant')
if tenant then use_bytes(tenant, JOB, more) end
return 1
