-- Removes a key of Redis that holds something of a tenant that is being erased. An API key that is in no list is ended, wherever it is known.
local digest, erasure, name, id = ARGV[3], ARGV[4], ARGV[5], ARGV[6]

if not is_under(digest, erasure) then return 0 end
if id ~= '' then redis.call('PUBLISH', P .. ':keys-changed', id) end
local removed = redis.call('UNLINK', P .. ':' .. name)
redis.call('HINCRBY', P .. ':erasure:' .. digest, 'others', removed)
return removed
