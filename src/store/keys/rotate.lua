local id, hash, grace_ms, expires = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local max_tokens, actor_hash = tonumber(ARGV[7]), ARGV[8]
local record = P .. ':api-key:' .. id

if not may_act(actor_hash) then return { 'stranger' } end
if redis.call('EXISTS', record) == 0 then return { 'missing' } end
if is_newer(record, KEY_VERSION) then return NEWER end

-- Tokens of before last for the grace, or for less where they were to end earlier.
local before = {}
local fields = redis.call('HGETALL', record)
for i = 1, #fields, 2 do
  local old = string.match(fields[i], '^token:(.+)$')
  if old then before[#before + 1] = { hash = old, ends = math.min(tonumber(fields[i + 1]) or math.huge, NOW + grace_ms) } end
end
table.sort(before, function (a, b) return a.ends > b.ends end)
for i, old in ipairs(before) do
  if old.ends <= NOW or i >= max_tokens then
    redis.call('HDEL', record, 'token:' .. old.hash)
    redis.call('UNLINK', P .. ':key:' .. old.hash)
  else
    redis.call('HSET', record, 'token:' .. old.hash, text(old.ends))
    redis.call('PEXPIREAT', P .. ':key:' .. old.hash, text(math.min(old.ends, tonumber(expires) or math.huge)))
  end
end

redis.call('HSET', record, 'token:' .. hash, '', 'rotatedAt', text(NOW))
redis.call('SET', P .. ':key:' .. hash, '{"v":2,"id":"' .. id .. '"}')
if expires ~= '' then redis.call('PEXPIREAT', P .. ':key:' .. hash, expires) end
redis.call('PUBLISH', P .. ':keys-changed', id)
note_act(9)
return { 'rotated', text(NOW) }
