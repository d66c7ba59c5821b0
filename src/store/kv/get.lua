local kv, key = open_kv(ARGV[3]), ARGV[4]

return not has_expired(kv, key) and redis.call('HGET', kv.values, key)
