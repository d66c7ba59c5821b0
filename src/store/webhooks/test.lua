-- Owes an endpoint a test event. It has a lane of its own, which begins anew with each test: it waits behind nothing, and is sent also where the endpoint is disabled or left alone.
local tenant, endpoint, type = ARGV[3], ARGV[4], ARGV[5]
local lane = tenant .. ':' .. endpoint .. '-test'

if is_erasing(tenant) then return ERASING end
if redis.call('HGET', P .. ':webhook:' .. endpoint, 'tenant') ~= tenant then return { 'missing' } end
redis.call('UNLINK', P .. ':lane-state:' .. lane)
free_lane(lane)
return { 'made', make_delivery(tenant, endpoint, endpoint .. '-test-' .. text(time[1] * 1000000 + time[2]), type, endpoint, lane) }
