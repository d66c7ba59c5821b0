-- Brings what belongs to files in line with their records. Answers how many things it put right.
local kind, name, member, rest_ms = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local INDEX = P .. ':' .. name
local subject = string.match(name, ':(.*)$')

-- A job keeps its input from its first turn to its end.
local function is_held_by (id, job)
  local f = redis.call('HMGET', P .. ':job:' .. job, 'status', 'file')
  return f[1] and not TERMINAL[f[1]] and f[2] == id
end

local function repair_file (id)
  local f = redis.call('HMGET', file_key(id), 'tenant', 'name', 'job', 'status', 'dropped', 'createdAt', 'expiresAt', 'extents')
  local tenant, file_name, job, status = f[1], f[2], f[3], f[4]
  if not tenant or is_newer(file_key(id), FILE_VERSION) then return 0 end
  if f[5] then
    if redis.call('EXISTS', holds_key(id)) == 1 then return 0 end
    remove_file(id)
    return 1
  end
  -- One whose name stands for another, or whose job is gone, is nobody's.
  local names = names_key(tenant, job, status)
  local added = redis.call('HSETNX', names, file_name, id)
  if redis.call('HGET', names, file_name) ~= id or (job and redis.call('EXISTS', P .. ':job:' .. job) == 0) then
    drop_file(id)
    return 1
  end
  for blob in string.gmatch(f[8], '(%x+) %d+') do added = added + redis.call('SADD', P .. ':blob:' .. blob, id) end
  if job then return added end
  added = added + redis.call('ZADD', FILES_EXPIRING, 'NX', f[7] or text(NOW + rest_ms), id)
  return added + (status == 'complete' and redis.call('ZADD', P .. ':files:' .. tenant, 'NX', f[6], id) or 0)
end

local function is_listed (id)
  local f = redis.call('HMGET', file_key(id), 'tenant', 'job')
  if not f[1] then return false end
  if kind == 'job-files' then return f[2] == subject end
  return not f[2] and (kind == 'files-expiring' or f[1] == subject)
end

if kind == 'file' then return repair_file(member) end
if kind == 'file-holds' then
  if is_held_by(subject, member) then return 0 end
  redis.call('SREM', INDEX, member)
  if redis.call('EXISTS', INDEX) == 0 and redis.call('HEXISTS', file_key(subject), 'dropped') == 1 then remove_file(subject) end
  return 1
end
if kind == 'blob' then
  if string.find(redis.call('HGET', file_key(member), 'extents') or '', subject .. ' ', 1, true) then return 0 end
  redis.call('SREM', INDEX, member)
  if redis.call('EXISTS', INDEX) == 0 then redis.call('ZADD', OWED_BLOBS, text(NOW), subject) end
  return 1
end
if kind == 'files' or kind == 'files-expiring' then return is_listed(member) and 0 or redis.call('ZREM', INDEX, member) end
local id = redis.call('HGET', INDEX, member) -- a name
return id and not is_listed(id) and redis.call('HDEL', INDEX, member) or 0
