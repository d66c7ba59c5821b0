-- Sets an entry, whatever it is; or, asked to, only while it is missing or has exactly those bytes. With a negative time to live it expires when it would have.
local tenant, fence, key, value, ttl_ms = ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local condition, expected, max_entries, max_bytes = ARGV[8], ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11])
local kv = open_kv(tenant)

local refusal = refuse_write(tenant, fence)
if refusal then return refusal end
local old, more_expired = begin_write(kv, key)
if condition == 'missing' and old or condition == 'equal' and old ~= expected then return { 'differs', old } end
local expires
if ttl_ms >= 0 then expires = ttl_ms > 0 and NOW + ttl_ms end
return put_entry(kv, key, old, value, expires, more_expired, max_entries, max_bytes) or { 'done' }
