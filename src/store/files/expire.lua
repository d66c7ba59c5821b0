-- Removes files whose time is over, and uploads that nobody went on with; at most so many. Answers how many there were.
local due = redis.call('ZRANGE', FILES_EXPIRING, '-inf', text(NOW), 'BYSCORE', 'LIMIT', 0, tonumber(ARGV[3]))
for _, id in ipairs(due) do
  if is_newer(file_key(id), FILE_VERSION) then
    put_off(':files-expiring', id)
  else
    redis.call('ZREM', FILES_EXPIRING, id)
    drop_file(id)
  end
end
return #due
