-- Removes a key of Redis that holds something of a tenant that is being erased. A file's blobs are owed their removal. An API key that is in no list is ended, wherever it is known; and so is a delivery, and what
-- else is known of a lane.
local digest, erasure, name, id, tenant = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]

local function forget_lane (lane)
  redis.call('UNLINK', P .. ':lane-state:' .. lane)
  redis.call('ZREM', WEBHOOK_RING, lane)
  redis.call('ZREM', WEBHOOK_HELD, lane)
end

if not is_under(digest, erasure) then return 0 end
if id ~= '' then redis.call('PUBLISH', P .. ':keys-changed', id) end
local kind, rest = string.match(name, '^([^:]+):(.*)$')
local lane = kind == 'delivery' and redis.call('HGET', delivery_key(rest), 'lane')
local removed = redis.call('EXISTS', P .. ':' .. name)
if kind == 'delivery' then remove_delivery(rest) end
if kind == 'file' then remove_file(rest) end
redis.call('UNLINK', P .. ':' .. name)
if lane and redis.call('EXISTS', lane_key(lane)) == 0 then forget_lane(lane) end
if kind == 'lane' or kind == 'lane-state' then forget_lane(rest) end
if kind == 'webhook' then
  forget_lane(tenant .. ':' .. rest)
  forget_lane(tenant .. ':' .. rest .. '-test')
end
redis.call('HINCRBY', P .. ':erasure:' .. digest, 'others', removed)
return removed
