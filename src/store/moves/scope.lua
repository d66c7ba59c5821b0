-- Shared by all moves, and put before each, in this order: this, turns.lua, batch.lua, job.lua. A move is one script: it checks, then writes, and nothing can come
-- between. Every key is built from the prefix, whose hash tag keeps them on the shard of KEYS[1].
-- Nothing that a user wrote is parsed here: JSON passes through as bytes. TERMINAL, the states that end a job, comes before this.

local P, ID = ARGV[1], ARGV[2]

local time = redis.call('TIME')
local NOW = time[1] * 1000 + math.floor(time[2] / 1000)

local function text (number)
  return string.format('%.0f', number)
end

-- A tenant that is being erased is given nothing new: a move that would make something for it answers this.
local ERASING = redis.error_reply('ERASING the tenant is being erased')

local function is_erasing (tenant)
  return redis.call('ZSCORE', P .. ':erasing', tenant)
end
