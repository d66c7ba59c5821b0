local min_age_ms = tonumber(ARGV[3])

local key = P .. ':reconciled'
local last = redis.call('GET', key)
if last and NOW - tonumber(last) < min_age_ms then return 0 end
redis.call('SET', key, text(NOW))
return 1
