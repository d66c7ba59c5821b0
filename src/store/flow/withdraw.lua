-- Takes a call back that waits, and has one stopped that runs; answers which it was.
local P, id = ARGV[1], ARGV[2]
if redis.call('DEL', P .. ':flow:call:' .. id) == 1 then return 1 end
redis.call('PUBLISH', P .. ':flow:cancel', id)
return 0
