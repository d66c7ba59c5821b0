-- Has a tenant be dealt to that has turns waiting.
return next_turn(ARGV[3], 0) and join_ring(ARGV[3]) or 0
