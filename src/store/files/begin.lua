-- Begins an upload, in place of one of the same name that is under way.
local tenant, name, type, encoding, ttl_ms, holder = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local expected_bytes, most_bytes, most_files, idle_ms, expected_sha256 = ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]), ARGV[13]

if is_erasing(tenant) then return ERASING end
if redis.call('EXISTS', file_key(ID)) == 1 then return { 'begun' } end -- its answer was lost on the way
local pending = redis.call('HGET', names_key(tenant, nil, 'partial'), name)
if pending then remove_file(pending) end
local used = redis.call('HMGET', file_usage_key(tenant), 'bytes', 'files')
local replaces = redis.call('HEXISTS', names_key(tenant, nil, 'complete'), name) -- for a moment it is two
if tonumber(used[2] or 0) - replaces >= most_files then return { 'full', 'files', used[2] or 0 } end
if tonumber(used[1] or 0) + (tonumber(expected_bytes) or 0) > most_bytes then return { 'full', 'bytes', used[1] or 0 } end
create_file(ID, { tenant = tenant, name = name, type = type, encoding = encoding, ttlMs = ttl_ms, holder = holder, expectedBytes = expected_bytes, expectedSha256 = expected_sha256 })
redis.call('ZADD', FILES_EXPIRING, text(NOW + idle_ms), ID)
return { 'begun' }
