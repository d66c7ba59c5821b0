local resend_after_ms = tonumber(ARGV[3])

for i = 4, #ARGV do redis.call('ZADD', P .. ':owed:dispatch', 'XX', text(NOW + resend_after_ms), ARGV[i]) end
return 1
