-- What administrators do.

-- Tells whether the token that an administrator came with is still valid: what was revoked a moment ago makes no more keys.
local function may_act (token_hash)
  return token_hash == '' or redis.call('EXISTS', P .. ':key:' .. token_hash) == 1
end

-- Notes an administrative act in its tenant's log, which is bounded by count and age. The arguments are those of `auditArguments`, from that one on.
local function note_act (first)
  if is_erasing(ARGV[first]) then return end
  local key, entries, age_ms = P .. ':audit:' .. ARGV[first], ARGV[first + 1], tonumber(ARGV[first + 2])
  redis.call('XADD', key, 'MAXLEN', entries, '*', 'act', ARGV[first + 3], 'actor', ARGV[first + 4], 'target', ARGV[first + 5], 'details', ARGV[first + 6])
  redis.call('XTRIM', key, 'MINID', text(NOW - age_ms))
  redis.call('PEXPIRE', key, text(age_ms))
end

-- Ends an API key with all its tokens, and tells every API process.
local function end_key (id, tenant)
  local record = P .. ':api-key:' .. id
  for _, field in ipairs(redis.call('HKEYS', record)) do
    local hash = string.match(field, '^token:(.+)$')
    if hash then redis.call('UNLINK', P .. ':key:' .. hash) end
  end
  redis.call('UNLINK', record)
  redis.call('ZREM', P .. ':keys:' .. tenant, id)
  redis.call('PUBLISH', P .. ':keys-changed', id)
end

-- Tells whether that erasure of a tenant goes on: after it, another tenant may have the name.
local function is_under (digest, id)
  local f = redis.call('HMGET', P .. ':erasure:' .. digest, 'id', 'status')
  return f[1] == id and f[2] == 'running'
end
