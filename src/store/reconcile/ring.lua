-- Has a tenant be dealt to that has turns waiting. One that has as many runs as it may have is not in the ring, and comes back by itself.
return may_run(ARGV[3]) and next_turn(ARGV[3], 0) and join_ring(ARGV[3]) or 0
