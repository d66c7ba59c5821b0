local tenant = ARGV[3]

local f = redis.call('HMGET', batch_key(ID), 'tenant', 'finishedAt', 'cancel')
if f[1] ~= tenant then return { 'missing' } end
if f[2] then return { 'ended' } end
if is_newer_batch(ID) then return NEWER end
if not f[3] then
  cancel_batch(ID)
end
return { 'asked' }
