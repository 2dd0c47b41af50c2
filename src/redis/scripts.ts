/**
 * What runs inside Redis. A script sees one moment of Redis's own clock and no other command in between, so what it
 * checks still holds when it counts.
 *
 * A counter is a hash. Of a fixed window: `e`, when the window ends; `u`, what is counted; `d:<node>`, what the node
 * has drawn. Of a sliding one: `u`; `o` and `n`, the oldest and the newest bucket; and each bucket's amount under its
 * number. In both, `b:<node>` is the last batch of the node that was added. Keys expire with what they count.
 */

/** Redis's clock, in whole milliseconds. */
export const REDIS_TIME = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
`;

/**
 * `open` reads a counter as it is now; `count` adds to it, and to the bucket of now if no other is named; `reset_at` tells when it next falls, or, for `amount` that
 * has no room, when it has. The window that a counter has reached is not left before it ends, whatever the clock of a
 * Redis that took over says. A caller that knows of no window of now is told the time and nothing else.
 */
const counter = `
-- A clock that is set back by up to this finds the window still there.
local GRACE = 10000

local function open_fixed(key, start, next_end, later_end)
  local stored = redis.call('HMGET', key, 'e', 'u')
  local ends = tonumber(stored[1])
  if ends and now < ends then return { key = key, fixed = true, slot = ends, used = tonumber(stored[2]) } end
  if now < start or now >= later_end then return nil end
  return { key = key, fixed = true, slot = now < next_end and next_end or later_end, used = 0, stale = ends }
end

local function open_sliding(key, length, width)
  local c = { key = key, length = length, width = width, bucket = math.floor(now / width), used = 0 }
  local stored = redis.call('HMGET', key, 'o', 'n', 'u')
  local oldest, newest = tonumber(stored[1]), tonumber(stored[2])
  if newest then
    local first = math.floor((now - length) / width)
    if newest < first then
      c.stale = true
    else
      c.oldest, c.newest, c.used = oldest, newest, tonumber(stored[3])
      if newest > c.bucket then c.bucket = newest end
      if oldest < first then
        local names, gone, live = {}, 0, newest
        for i = oldest, newest do names[#names + 1] = i end
        local amounts = redis.call('HMGET', key, unpack(names))
        local dead = {}
        for i = newest, oldest, -1 do
          local amount = tonumber(amounts[i - oldest + 1] or false)
          if amount then
            if i < first then
              gone = gone + amount
              dead[#dead + 1] = i
            else
              live = i
            end
          end
        end
        if #dead > 0 then redis.call('HDEL', key, unpack(dead)) end
        c.oldest, c.used = live, c.used - gone
        redis.call('HSET', key, 'o', live, 'u', c.used)
      end
    end
  end
  c.slot = (c.bucket + 1) * width
  return c
end

local function open(key, kind, a, b, c)
  if kind == 'f' then return open_fixed(key, tonumber(a), tonumber(b), tonumber(c)) end
  return open_sliding(key, tonumber(a), tonumber(b))
end

local function leaves_at(c, bucket)
  return (bucket + 1) * c.width + c.length
end

local function count(c, amount, bucket)
  if c.stale then
    redis.call('DEL', c.key)
    c.stale = nil
  end
  c.used = c.used + amount
  if c.fixed then
    if c.used == amount then
      redis.call('HSET', c.key, 'e', c.slot, 'u', amount)
      redis.call('PEXPIREAT', c.key, c.slot + GRACE)
    else
      redis.call('HINCRBY', c.key, 'u', amount)
    end
  else
    bucket = bucket or c.bucket
    local newest = math.max(c.newest or bucket, bucket)
    c.oldest = math.min(c.oldest or bucket, bucket)
    redis.call('HINCRBY', c.key, bucket, amount)
    redis.call('HSET', c.key, 'o', c.oldest, 'n', newest, 'u', c.used)
    if c.newest ~= newest then
      c.newest = newest
      redis.call('PEXPIREAT', c.key, leaves_at(c, newest) + GRACE)
    end
  end
end

local function reset_at(c, max, amount)
  if c.fixed then return c.slot end
  if not c.oldest then return leaves_at(c, c.bucket) end
  local left = c.used
  if left + amount <= max then return leaves_at(c, c.oldest) end
  local names = {}
  for i = c.oldest, c.newest do names[#names + 1] = i end
  for i, held in ipairs(redis.call('HMGET', c.key, unpack(names))) do
    left = left - (tonumber(held or false) or 0)
    if left + amount <= max then return leaves_at(c, c.oldest + i - 1) end
  end
  return leaves_at(c, c.newest)
end
`;

/** Arguments of {@link chargeScript} for each key, in this order. */
export const CHARGE_ARGUMENTS = ["kind", "a", "b", "c", "max", "amount", "enforced"] as const;

/**
 * All charges of one request: checked together, and all made or none. For each key the window (`f`: the start and
 * the next two ends of a fixed one, `s`: length and bucket width of a sliding one), the number, the amount, and whether it is enforced.
 * Answers the time, whether the request is admitted, and for each key what was counted before, when it resets, and the
 * slot that is counted in.
 */
export const chargeScript = (clock: string) => `${clock}${counter}
local counters, admitted = {}, 1
for i, key in ipairs(KEYS) do
  local at = (i - 1) * ${CHARGE_ARGUMENTS.length}
  local c = open(key, ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
  if not c then return { now } end
  c.max, c.amount = tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
  c.asked = math.max(1, c.amount)
  c.room = c.used + c.asked <= c.max
  if ARGV[at + 7] == '1' and not c.room then admitted = 0 end
  counters[i] = c
end
local reply = { now, admitted }
for i, c in ipairs(counters) do
  reply[3 * i] = c.used
  reply[3 * i + 1] = reset_at(c, c.max, c.asked)
  reply[3 * i + 2] = c.slot
end
if admitted == 1 then
  for _, c in ipairs(counters) do
    if c.room and c.amount > 0 then count(c, c.amount) end
  end
end
return reply
`;

/** Arguments of {@link settleScript}: the node and how many nodes there are, then for each key these, in this order. */
export const SETTLE_ARGUMENTS = [
  ...["kind", "a", "b", "c", "max"],
  ...["want", "need"],
  ...["giveSlot", "giveAmount"],
  ...["addBatch", "addAmount", "addSlot", "addUntil"],
  ...["drawnSlot", "drawnAmount"],
] as const;

/**
 * Each key for itself: takes back what was not spent, adds what was used, and grants a slice: all that requests wait
 * for, as far as there is room, and beyond it no more than half of an even share of what is left, so that slices
 * shrink as the limit comes near and nobody takes it all. See `Settlement` for what each argument means.
 * Where what is added belongs to a slot, it is counted there or nowhere, and takes it to 0 at the least; a bucket that
 * has not come yet, of a Redis whose clock was ahead of this one's, is counted in now.
 * Answers the time, and for each key what is granted, until when it may be spent, what is counted, and the reset.
 */
export const settleScript = (clock: string) => `${clock}${counter}

local function add_to(c, amount, slot)
  local bucket, held = nil, c.used
  if slot > 0 and not c.fixed then
    bucket = math.min(math.ceil(slot / c.width) - 1, c.bucket)
    held = not c.stale and tonumber(redis.call('HGET', c.key, bucket) or false) or 0
  end
  -- More than a number holds exactly would be an answer that nobody can read; and Redis cannot read -0.
  count(c, math.max(0 - held, math.min(amount, 9007199254740991 - c.used)), bucket)
end

local node, nodes = ARGV[1], tonumber(ARGV[2])
local counters = {}
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * ${SETTLE_ARGUMENTS.length}
  counters[i] = open(key, ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
  if not counters[i] then return { now } end
end
local reply = { now }
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * ${SETTLE_ARGUMENTS.length}
  local c, max = counters[i], tonumber(ARGV[at + 5])
  local want, need = tonumber(ARGV[at + 6]), tonumber(ARGV[at + 7])
  local give_slot, give = tonumber(ARGV[at + 8]), tonumber(ARGV[at + 9])
  local batch, add = tonumber(ARGV[at + 10]), tonumber(ARGV[at + 11])
  local add_slot, until_ = tonumber(ARGV[at + 12]), tonumber(ARGV[at + 13])
  local drawn_slot, drawn = tonumber(ARGV[at + 14]), tonumber(ARGV[at + 15])

  if c.fixed and drawn > 0 and drawn_slot == c.slot then
    local known = not c.stale and tonumber(redis.call('HGET', key, 'd:' .. node) or false) or 0
    if drawn > known then
      count(c, drawn - known)
      redis.call('HSET', key, 'd:' .. node, drawn)
    end
  end
  if give > 0 and not c.stale then
    if c.fixed and give_slot == c.slot and c.used >= give then
      c.used = redis.call('HINCRBY', key, 'u', -give)
      redis.call('HINCRBY', key, 'd:' .. node, -give)
    elseif not c.fixed and c.oldest then
      local bucket = give_slot / c.width - 1
      local held = tonumber(redis.call('HGET', key, bucket) or false) or 0
      if held >= give then
        redis.call('HINCRBY', key, bucket, -give)
        c.used = redis.call('HINCRBY', key, 'u', -give)
      end
    end
  end
  if add ~= 0 and now < until_ and (add_slot == 0 or add_slot == c.slot or not c.fixed) then
    local last = not c.stale and tonumber(redis.call('HGET', key, 'b:' .. node) or false) or 0
    if batch > last then
      add_to(c, add, add_slot)
      redis.call('HSET', key, 'b:' .. node, batch)
    end
  end
  local room, granted = max - c.used, 0
  if want > 0 and room > 0 then
    granted = math.min(want, room, math.max(need, math.floor(room / (2 * nodes))))
    if granted > 0 then
      count(c, granted)
      if c.fixed then redis.call('HINCRBY', key, 'd:' .. node, granted) end
    end
  end
  reply[4 * i - 2] = granted
  reply[4 * i - 1] = c.slot
  reply[4 * i] = c.used
  reply[4 * i + 1] = reset_at(c, max, math.max(1, need))
end
return reply
`;

/**
 * A sign of life, and a probe: it writes, as counting does. Answers the time and how many nodes have given one
 * lately. KEYS: the list of nodes. ARGV: the node, and for how many milliseconds a sign counts: 0
 * takes leave.
 */
export const beatScript = (clock: string) => `${clock}
local life = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], now + life, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if life > 0 then redis.call('PEXPIRE', KEYS[1], life) end
return { now, redis.call('ZCARD', KEYS[1]) }
`;
