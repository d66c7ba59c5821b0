-- How a turn of a job comes to its message. One that is due later is `scheduled`; one that is due waits in the list of its tenant and priority; dealing
-- hands turns out, to the tenants in turn, and the queue is owed a message for each until its run begins. No more are handed out than can
-- begin soon, so that the queue stays short and a tenant with a million jobs keeps nobody waiting.

local RING, OWED, DEALT = P .. ':dealing', P .. ':owed:dispatch', P .. ':dealt'
-- Lists of a tenant: critical, high, normal, low.
local LEVELS = 4
-- Messages that the queue may hold beside one for each run under way: workers find the next without asking for it, also when others start.
local SPARE = 16
-- Of so many turns of a tenant, one goes to whatever is due for longest, so that the lowest priority is served in the end.
local OLDEST_EVERY = 8
-- Tenants looked at in one dealing.
local LOOKS = 50

-- What was handed out, for the answer: job, turn, level and time due of each. Who gets the answer sends the messages.
local deals = {}

local function waiting_key (tenant, level)
  return P .. ':waiting:' .. tenant .. ':' .. level
end

local function room ()
  return redis.call('ZCARD', P .. ':running') + SPARE - redis.call('ZCARD', OWED)
end

local function hand_out (tenant, level, due, member)
  redis.call('ZADD', OWED, text(NOW), member)
  redis.call('HINCRBY', DEALT, tenant, 1)
  local id, turn = string.match(member, '^(%S+) (%d+)$')
  for _, item in ipairs({ id, turn, text(level), text(due) }) do deals[#deals + 1] = item end
end

-- Puts a tenant among those that are dealt to, if it is not yet: beside the one that was dealt to least.
local function join_ring (tenant)
  if redis.call('ZSCORE', RING, tenant) then return 0 end
  return redis.call('ZADD', RING, redis.call('ZRANGE', RING, 0, 0, 'WITHSCORES')[2] or 0, tenant)
end

-- Has a tenant be looked at again that left the ring because it had as many runs as it may have: one of them is over, or it may have more.
local function rejoin_ring (tenant)
  if redis.call('HEXISTS', P .. ':max-running', tenant) == 1 then join_ring(tenant) end
end

-- Notes since when a turn waits for a worker, handed out or not, for those who watch.
local function note_due (due, member)
  redis.call('ZADD', P .. ':due', text(due), member)
end

-- Has a turn wait for its time, or for the next dealing.
local function owe_turn (tenant, level, due, member)
  if due > NOW then
    redis.call('ZADD', P .. ':scheduled', text(due), member)
  else
    redis.call('ZADD', waiting_key(tenant, level), text(due), member)
    note_due(due, member)
    join_ring(tenant)
  end
end

local function strike_turn (tenant, level, member)
  redis.call('ZREM', P .. ':due', member)
  if redis.call('ZREM', OWED, member) == 1 then
    if redis.call('HINCRBY', DEALT, tenant, -1) <= 0 then redis.call('HDEL', DEALT, tenant) end
    rejoin_ring(tenant)
  elseif redis.call('ZREM', P .. ':scheduled', member) == 0 then
    redis.call('ZREM', waiting_key(tenant, level), member)
  end
end

-- The next turn of a tenant: of its highest priority, or, now and then, the one that is due for longest.
local function next_turn (tenant, served)
  local found
  for level = 0, LEVELS - 1 do
    local head = redis.call('ZRANGE', waiting_key(tenant, level), 0, 0, 'WITHSCORES')
    if head[1] and (not found or tonumber(head[2]) < found.due) then
      found = { level = level, member = head[1], due = tonumber(head[2]) }
      if served % OLDEST_EVERY ~= OLDEST_EVERY - 1 then return found end
    end
  end
  return found
end

-- A tenant may be bound to so many runs at one time; those that were handed out count. One that is being erased begins no more.
local function may_run (tenant)
  if is_erasing(tenant) then return false end
  local most = redis.call('HGET', P .. ':max-running', tenant)
  if not most then return true end
  return redis.call('ZCARD', P .. ':jobs:' .. tenant .. ':running') + tonumber(redis.call('HGET', DEALT, tenant) or 0) < tonumber(most)
end

-- Hands out turns while there is room, to the tenant that was dealt to least. The score of a tenant counts what it was dealt. One that has nothing
-- waiting leaves the ring, and so does one that has as many runs as it may have: however many there are of them, they are in nobody's way.
local function deal ()
  local left = room()
  for _ = 1, LOOKS do
    local first = left > 0 and redis.call('ZRANGE', RING, 0, 0, 'WITHSCORES') or {}
    local tenant, served = first[1], tonumber(first[2])
    if not tenant then return end
    local next = may_run(tenant) and next_turn(tenant, served)
    if next then
      redis.call('ZREM', waiting_key(tenant, next.level), next.member)
      hand_out(tenant, next.level, next.due, next.member)
      left = left - 1
      redis.call('ZADD', RING, served + 1, tenant)
    else
      redis.call('ZREM', RING, tenant)
    end
  end
end

-- What a move answers, and after it what was handed out.
local function answer_with_deals (answer)
  for _, item in ipairs(deals) do answer[#answer + 1] = item end
  return answer
end
