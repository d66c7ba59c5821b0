-- Revokes a key of a tenant that is being erased.
local digest, erasure, tenant, id = ARGV[3], ARGV[4], ARGV[5], ARGV[6]

if not is_under(digest, erasure) then return 0 end
end_key(id, tenant)
redis.call('HINCRBY', P .. ':erasure:' .. digest, 'keys', 1)
return 1
