-- Takes the next step that is due, for as long as a step may take. Answers whose data is to be erased.
local lease_ms = tonumber(ARGV[3])

local tenant = redis.call('ZRANGE', P .. ':erasing', '-inf', text(NOW), 'BYSCORE', 'LIMIT', 0, 1)[1]
if not tenant then return false end
redis.call('ZREM', P .. ':erasing', tenant) -- a full Redis lets a script go on once it has removed something: erasing makes room
redis.call('ZADD', P .. ':erasing', text(NOW + lease_ms), tenant)
return { tenant }
