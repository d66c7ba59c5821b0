-- Keys of a tenant in the order of their bytes, from there to there, at most so many, and where to go on.
local kv, from, to, limit = open_kv(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])

local keys, live = redis.call('ZRANGEBYLEX', kv.names, from, to, 'LIMIT', 0, limit), {}
local some_expired = redis.call('ZCOUNT', kv.expiring, '-inf', text(NOW)) > 0
for _, key in ipairs(keys) do
  if not (some_expired and has_expired(kv, key)) then live[#live + 1] = key end
end
return { #keys == limit and keys[limit], live }
