-- Shared by all moves, and put before each, in the order of `shared` in script.ts, this first. A move is one script: it checks, then writes, and nothing can come
-- between. Every key is built from the prefix, whose hash tag keeps them on the shard of KEYS[1].
-- Nothing that a user wrote is parsed here: JSON passes through as bytes. TERMINAL, the states that end a job, comes before this.

local P, ID = ARGV[1], ARGV[2]

local time = redis.call('TIME')
local NOW = time[1] * 1000 + math.floor(time[2] / 1000)

local function text (number)
  return string.format('%.0f', number)
end

-- Versions of records that are no jobs. What a script that is older may ignore is added without another version; a record of a newer one is neither changed nor removed
-- by whoever does not know it, since what else belongs to it is not known. A batch is written as 1 unless it is the shards of a job. What is the same in every version: `tenant` of all, `lane` of a delivery, a batch's counts of its items, and what ends a key.
local BATCH_VERSION, SWEEP_VERSION, KEY_VERSION = 2, 1, 2
-- A move that somebody asked for answers this then; the caller may find a process that knows the record.
local NEWER = redis.error_reply('NEWER a newer version wrote the record')

local function is_newer (key, known)
  return tonumber(redis.call('HGET', key, 'v') or 1) > known
end

local NEWER_REST_MS = 60000

-- Has what is of a newer version rest in an index of work to do, so that it stands in nobody's way: who looks at it next may know it.
local function put_off (index, id)
  redis.call('ZADD', P .. index, 'XX', text(NOW + NEWER_REST_MS), id)
end

-- A tenant that is being erased is given nothing new: a move that would make something for it answers this.
local ERASING = redis.error_reply('ERASING the tenant is being erased')

local function is_erasing (tenant)
  return redis.call('ZSCORE', P .. ':erasing', tenant)
end
