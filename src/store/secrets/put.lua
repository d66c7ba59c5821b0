-- Stores a secret, new or instead of the one of its name. What it is stands apart from when it was stored, so that the names can be read without the values.
local tenant, name, sealed, max_secrets, actor_hash = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
local secrets = P .. ':secrets:' .. tenant

if not may_act(actor_hash) then return { 'stranger' } end
if is_erasing(tenant) then return ERASING end
local created = string.match(redis.call('HGET', secrets, name) or '', '^(%d+)')
if not created and redis.call('HLEN', secrets) >= max_secrets then return { 'full' } end
redis.call('HSET', P .. ':sealed:' .. tenant, name, sealed)
redis.call('HSET', secrets, name, (created or text(NOW)) .. ' ' .. text(NOW))
note_act(8)
return { 'stored', created or text(NOW), text(NOW) }
