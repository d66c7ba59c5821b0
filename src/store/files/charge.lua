-- Charges a tenant for bytes that are about to be written: as many as are wanted, or at least as are needed. Of an upload that this holder has, or of an output of the job whose run this is.
local id, needed, wanted, most, holder = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local fence, name, type, encoding, most_files = tonumber(ARGV[8]), ARGV[9], ARGV[10], ARGV[11], tonumber(ARGV[12])

local tenant
if fence > 0 then
  local job = read_job()
  if not job or not holds(job, fence, holder) then return { 'lost' } end
  tenant = job.tenant
  if is_erasing(tenant) then return ERASING end
  local used = tonumber(redis.call('HGET', file_usage_key(tenant), 'files') or 0)
  if used >= most_files and redis.call('HEXISTS', names_key(tenant, ID), name) == 0 then return { 'full', 'files', used } end
  id = open_output(tenant, ID, id, name, type, encoding)
else
  local f = redis.call('HMGET', file_key(id), 'tenant', 'holder', 'status')
  tenant = f[1]
  if not tenant or f[2] ~= holder or f[3] ~= 'partial' then return { 'lost' } end
  if is_erasing(tenant) then return ERASING end
end
local charged = tonumber(redis.call('HGET', file_key(id), 'charged'))
if charged >= wanted or not charge_file(id, tenant, wanted, most) then return { 'charged', text(math.max(charged, wanted)) } end
if charged >= needed then return { 'charged', text(charged) } end
local bound, used = charge_file(id, tenant, needed, most)
if bound then return { 'full', bound, used } end
return { 'charged', text(needed) }
