-- Adds to an entry that is an integer, or missing, which is 0. It expires when it would have.
local tenant, fence, key, by, max_entries, max_bytes = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local kv = open_kv(tenant)
-- Whole numbers up to there are exact, here and in JavaScript.
local MOST = 9007199254740991

local refusal = refuse_write(tenant, fence)
if refusal then return refusal end
local old, more_expired = begin_write(kv, key)
local number = string.match(old or '0', '^-?%d+$') and tonumber(old or 0)
if not number or math.abs(number) > MOST then return { 'no integer' } end
local sum = number + by
if math.abs(sum) > MOST then return { 'too large' } end
local value = text(sum)
return put_entry(kv, key, old, value, nil, more_expired, max_entries, max_bytes) or { 'done', value }
