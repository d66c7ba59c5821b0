-- Has what happens to jobs with a tag be noted, from now on or still, for that long. Answers the number that its log begins after, and the last one.
-- Numbers of a log that begins anew are greater than all before: they begin with the time, and no log gets a million events in a second.
local tenant, tag, keep_ms, most_events, most_tags = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
local NUMBERS_PER_MS = 1000
local of = ':' .. tenant .. ':' .. tag
local key, log, followed = P .. ':tag' .. of, P .. ':tag-log' .. of, P .. ':followed:' .. tenant

if is_erasing(tenant) then return ERASING end
if redis.call('EXISTS', key) == 0 then
  redis.call('ZREMRANGEBYSCORE', followed, '-inf', text(NOW))
  if redis.call('ZCARD', followed) >= most_tags then return { 'full' } end
  redis.call('UNLINK', log)
  local begin = text(NOW * NUMBERS_PER_MS)
  redis.call('HSET', key, 'begin', begin, 'last', begin)
end
redis.call('HSET', key, 'events', most_events, 'keepMs', text(keep_ms))
redis.call('ZADD', followed, text(NOW + keep_ms), tag)
for _, each in ipairs({ key, log, followed }) do redis.call('PEXPIRE', each, text(keep_ms)) end
local f = redis.call('HMGET', key, 'begin', 'last')
return { 'followed', f[1], f[2] }
