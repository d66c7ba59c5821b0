-- Has a tenant be dealt to that has turns waiting.
return join_ring(ARGV[3])
