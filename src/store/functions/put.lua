-- Stores a function as the next version of its name, unless its latest version is the same: so a repeat changes nothing. The oldest version gives way where there are too many. The index has of each
-- name the latest version, when it was stored first and last, the bytes of all its versions, and the digest of the latest.
local tenant, name, digest, body = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local max_functions, max_versions, max_bytes, actor_hash = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), ARGV[10]
local index, key = P .. ':functions:' .. tenant, P .. ':function:' .. tenant .. ':' .. name

if not may_act(actor_hash) then return { 'stranger' } end
if is_erasing(tenant) then return ERASING end
local latest, created, updated, bytes, known = string.match(redis.call('HGET', index, name) or '', '^(%d+) (%d+) (%d+) (%d+) (%S+)$')
if known == digest then return { 'stored', latest, created, updated } end
if not latest and redis.call('HLEN', index) >= max_functions then return { 'full', 'functions' } end
local stored = 0
for _, entry in ipairs(redis.call('HVALS', index)) do stored = stored + tonumber(string.match(entry, '^%d+ %d+ %d+ (%d+)')) end
local version = tonumber(latest or 0) + 1
local oldest = text(version - max_versions)
local added = #body - redis.call('HSTRLEN', key, oldest)
if stored + added > max_bytes then return { 'full', 'bytes' } end
redis.call('HDEL', key, oldest)
redis.call('HSET', key, text(version), body)
redis.call('HSET', index, name, table.concat({ text(version), created or text(NOW), text(NOW), text(tonumber(bytes or 0) + added), digest }, ' '))
note_act(11)
return { 'stored', text(version), created or text(NOW), text(NOW) }
