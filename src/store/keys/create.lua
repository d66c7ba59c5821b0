local tenant, id, key, hash, expires = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local max_keys, actor_hash = tonumber(ARGV[8]), ARGV[9]
local record, token, index = P .. ':api-key:' .. id, P .. ':key:' .. hash, P .. ':keys:' .. tenant

if not may_act(actor_hash) then return { 'stranger' } end
if is_erasing(tenant) then return ERASING end
if expires ~= '' and tonumber(expires) <= NOW then return { 'past' } end
if redis.call('ZCARD', index) >= max_keys then
  -- Keys that expired took their records along, but not their places.
  for _, each in ipairs(redis.call('ZRANGE', index, 0, -1)) do
    if redis.call('EXISTS', P .. ':api-key:' .. each) == 0 then redis.call('ZREM', index, each) end
  end
  if redis.call('ZCARD', index) >= max_keys then return { 'full' } end
end

redis.call('HSET', record, 'v', KEY_VERSION, 'tenant', tenant, 'key', key, 'createdAt', text(NOW), 'token:' .. hash, '')
redis.call('SET', token, '{"v":2,"id":"' .. id .. '"}')
redis.call('ZADD', index, 0, id)
if expires ~= '' then
  redis.call('PEXPIREAT', record, expires)
  redis.call('PEXPIREAT', token, expires)
end
note_act(10)
return { 'created', text(NOW) }
