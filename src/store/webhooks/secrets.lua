-- Reads secrets of an endpoint, or of the tenant itself, which are made when they are first asked for; with `rotate`, after another one was added.
local tenant, endpoint, secret, rotate, grace_ms, actor_hash = ARGV[3], ARGV[4], ARGV[5], ARGV[6] == '1', tonumber(ARGV[7]), ARGV[8]
local key = P .. ':webhook-secrets:' .. tenant .. ':' .. endpoint

if rotate and not may_act(actor_hash) then return { 'stranger' } end
if endpoint ~= '' and redis.call('HGET', P .. ':webhook:' .. endpoint, 'tenant') ~= tenant then return { 'missing' } end
if rotate or (endpoint == '' and redis.call('EXISTS', key) == 0 and secret ~= '') then
  if is_erasing(tenant) then return ERASING end
  add_secret(tenant, endpoint, secret, grace_ms)
end
if rotate then note_act(9) end
return { 'secrets', text(NOW), redis.call('HGETALL', key) }
