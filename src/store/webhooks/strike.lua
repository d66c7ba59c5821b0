local resend_after_ms = tonumber(ARGV[3])

-- Where the message is not in the queue, it was lost with another server, or its try has begun and is owed nothing.
for i = 4, #ARGV, 2 do
  if redis.call('EXISTS', ARGV[i + 1]) == 1 then redis.call('ZADD', WEBHOOK_OWED, 'XX', text(NOW + resend_after_ms), ARGV[i]) end
end
return 1
