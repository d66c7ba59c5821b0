-- Files are records of what is stored elsewhere, in blobs: their extents are `<blob> <bytes>`, separated by commas. A blob may be part of many files, and each of them is in its set: whoever
-- takes the last one out owes its removal from the store, which the reaper pays. Nothing of their content is here.

local FILE_VERSION = 1
local FILES_EXPIRING, OWED_BLOBS = P .. ':files-expiring', P .. ':owed:blobs'

local function file_key (id)
  return P .. ':file:' .. id
end

local function holds_key (id)
  return P .. ':file-holds:' .. id
end

-- A tenant's own files and uploads by their names, or the outputs of a job.
local function names_key (tenant, job, status)
  if job then return P .. ':job-files:' .. job end
  return P .. (status == 'partial' and ':file-uploads:' or ':file-names:') .. tenant
end

local function file_usage_key (tenant)
  return P .. ':file-usage:' .. tenant
end

-- Counts bytes and files of a tenant, and of all.
local function use_files (tenant, bytes, files)
  for _, key in ipairs({ file_usage_key(tenant), P .. ':file-totals' }) do
    redis.call('HINCRBY', key, 'bytes', text(bytes))
    if redis.call('HINCRBY', key, 'files', files) <= 0 then redis.call('UNLINK', key) end
  end
end

-- Has a file consist of other blobs than before.
local function change_extents (id, extents)
  local before, kept = redis.call('HGET', file_key(id), 'extents') or '', {}
  for blob in string.gmatch(extents, '(%x+) %d+') do
    kept[blob] = true
    redis.call('SADD', P .. ':blob:' .. blob, id)
  end
  for blob in string.gmatch(before, '(%x+) %d+') do
    if not kept[blob] then
      redis.call('SREM', P .. ':blob:' .. blob, id)
      if redis.call('EXISTS', P .. ':blob:' .. blob) == 0 then redis.call('ZADD', OWED_BLOBS, text(NOW), blob) end
    end
  end
end

-- Whether one of the blobs is on its way out of the store: it is nobody's to take any more.
local function is_leaving (extents)
  for blob in string.gmatch(extents, '(%x+) %d+') do
    if redis.call('ZSCORE', OWED_BLOBS, blob) then return true end
  end
  return false
end

local function sum_extents (extents)
  local sum = 0
  for bytes in string.gmatch(extents, '%x+ (%d+)') do sum = sum + tonumber(bytes) end
  return sum
end

-- Has a tenant be charged for so many bytes of a file. Answers what it reached and how much there is, where it may not have them.
local function charge_file (id, tenant, bytes, most)
  local more = bytes - tonumber(redis.call('HGET', file_key(id), 'charged') or 0)
  if more == 0 then return end
  if more > 0 and most then
    local used = tonumber(redis.call('HGET', file_usage_key(tenant), 'bytes') or 0)
    if used + more > most then return 'bytes', text(used) end
  end
  redis.call('HSET', file_key(id), 'charged', text(bytes))
  use_files(tenant, more, 0)
end

-- Makes the record of a file under way. Texts that are empty stand for what it does not have.
local function create_file (id, new)
  redis.call('HSET', file_key(id), 'v', FILE_VERSION, 'tenant', new.tenant, 'name', new.name, 'status', 'partial', 'bytes', 0, 'charged', 0, 'extents', '', 'createdAt', text(NOW), 'updatedAt', text(NOW))
  for _, field in ipairs({ 'job', 'type', 'encoding', 'ttlMs', 'holder', 'expectedBytes', 'expectedSha256' }) do
    if (new[field] or '') ~= '' then redis.call('HSET', file_key(id), field, new[field]) end
  end
  redis.call('HSET', names_key(new.tenant, new.job, 'partial'), new.name, id)
  use_files(new.tenant, 0, 1)
end

-- Takes a file out of everything that it is found by, but its id.
local function unlist_file (id, tenant, name, job, status)
  redis.call('ZREM', P .. ':files:' .. tenant, id)
  redis.call('ZREM', FILES_EXPIRING, id)
  local names = names_key(tenant, job, status)
  if redis.call('HGET', names, name) == id then redis.call('HDEL', names, name) end
end

-- Removes a file for good.
local function remove_file (id)
  local f = redis.call('HMGET', file_key(id), 'tenant', 'name', 'job', 'status', 'charged')
  if not f[1] then return end
  change_extents(id, '')
  unlist_file(id, f[1], f[2], f[3], f[4])
  redis.call('UNLINK', file_key(id), holds_key(id))
  use_files(f[1], 0 - tonumber(f[5]), -1) -- the negative of 0 is written -0, which is no integer
end

-- Removes a file from everybody's sight; jobs that hold it have it until they end.
local function drop_file (id)
  local f = redis.call('HMGET', file_key(id), 'tenant', 'name', 'job', 'status')
  if not f[1] then return end
  if redis.call('EXISTS', holds_key(id)) == 0 then return remove_file(id) end
  unlist_file(id, f[1], f[2], f[3], f[4])
  redis.call('HSET', file_key(id), 'dropped', 1)
end

-- Has a job keep its input until it ends, and know it after that, for its replays. One that is not there any more is missed by its run.
local function hold_file (tenant, job, id)
  redis.call('HSET', P .. ':job:' .. job, 'file', id)
  if redis.call('HGET', file_key(id), 'tenant') == tenant then redis.call('SADD', holds_key(id), job) end
end

local function release_file (job)
  local id = redis.call('HGET', P .. ':job:' .. job, 'file')
  if not id then return end
  redis.call('SREM', holds_key(id), job)
  if redis.call('EXISTS', holds_key(id)) == 0 and redis.call('HEXISTS', file_key(id), 'dropped') == 1 then remove_file(id) end
end

-- The outputs of a job go with it.
local function drop_outputs (job)
  for _, id in ipairs(redis.call('HVALS', P .. ':job-files:' .. job)) do drop_file(id) end
  redis.call('UNLINK', P .. ':job-files:' .. job)
end

-- A job has ended. What no run has committed is no file of it, nor is what those that failed have committed and the one that succeeded has not; for the rest it is charged what that has.
local function end_outputs (tenant, job, has_succeeded)
  for _, id in ipairs(redis.call('HVALS', P .. ':job-files:' .. job)) do
    local f = redis.call('HMGET', file_key(id), 'status', 'extents', 'bytes')
    if f[1] == 'partial' and (has_succeeded or f[2] == '') then
      drop_file(id)
    elseif f[1] == 'partial' then
      charge_file(id, tenant, tonumber(f[3]))
    end
  end
end

-- The record of an output of a job, made where there is none: a name is one file over all runs. Answers its id.
local function open_output (tenant, job, id, name, type, encoding)
  local known = redis.call('HGET', names_key(tenant, job), name)
  if known then return known end
  create_file(id, { tenant = tenant, job = job, name = name, type = type, encoding = encoding })
  return id
end

local OUTPUT_ARGUMENTS = 6

-- Commits so many outputs of a job that are given from that argument on, that many texts for each: id, name, type, encoding, extents, and 1 where nothing more comes. Whoever
-- calls has seen that the run still has the job.
local function commit_outputs (tenant, job, from, count)
  for at = from, from + OUTPUT_ARGUMENTS * (count - 1), OUTPUT_ARGUMENTS do
    local id = open_output(tenant, job, ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
    local extents, is_complete = ARGV[at + 4], ARGV[at + 5] == '1'
    local bytes = sum_extents(extents)
    change_extents(id, extents)
    redis.call('HSET', file_key(id), 'extents', extents, 'bytes', text(bytes), 'status', is_complete and 'complete' or 'partial', 'updatedAt', text(NOW))
    -- What is written is charged for before; a run that began anew may have needed more than this one so far.
    charge_file(id, tenant, is_complete and bytes or math.max(bytes, tonumber(redis.call('HGET', file_key(id), 'charged'))))
  end
end

-- Whoever goes on from a commit has the files of that commit: what one before it has committed, and it has not, is dropped. Those that are only begun are the run's own.
local function drop_other_outputs (job, from, count)
  local kept, others = {}, redis.call('HGETALL', P .. ':job-files:' .. job)
  for at = from + 1, from + OUTPUT_ARGUMENTS * (count - 1) + 1, OUTPUT_ARGUMENTS do kept[ARGV[at]] = true end
  for i = 1, #others, 2 do
    if not kept[others[i]] and redis.call('HGET', file_key(others[i + 1]), 'extents') ~= '' then drop_file(others[i + 1]) end
  end
end
