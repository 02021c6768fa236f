/**
 * What the Redis server does for a store, as scripts: each is carried out whole, with nothing between, and what it wrote
 * is in the append-only file whole or not at all.
 *
 * Invariants: a script reads all before it writes anything; one that is refused (memory, a replica, a disk) has not begun.
 * A sender numbers its calls, and the server keeps what the last one of each did: called again with its number, a call
 * is answered as before and writes nothing; with a lower one it is refused; and it can be taken back. That holds for ten
 * minutes after its last call, however many others write, and beyond for the last eight; 64 are kept at most.
 */
import { createHash } from "node:crypto";

export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

function script(flags: "" | " flags=no-writes", body: string): RedisScript {
  const text = `#!lua${flags}\n${body}`;
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** `unpack` takes some thousands at most. */
const inParts = `
local function inParts(list, run)
  for from = 1, #list, 1000 do run(unpack(list, from, math.min(from + 999, #list))) end
end
`;

/**
 * A kept call: { number, results, moment, touched, checked }; without the last two it was void.
 * moment: microseconds, never below the version; touched: field, record before the call or false, version after it or false;
 * checked: field, version or "".
 */
const calls = `
local records, order, calls = KEYS[1], KEYS[2], KEYS[3]
local sender, number = ARGV[1], tonumber(ARGV[2])
local kept = redis.call('HGET', calls, sender)
local last = kept and cmsgpack.unpack(kept)

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function forgetOld(moment)
  local all, others = redis.call('HGETALL', calls), {}
  for at = 1, #all, 2 do
    if all[at] ~= 'version' then others[#others + 1] = { all[at], tonumber(cmsgpack.unpack(all[at + 1])[3]) } end
  end
  table.sort(others, function(one, other) return one[2] < other[2] end)
  for at, other in ipairs(others) do
    local left = #others - at + 1
    if left < 64 and (left < 8 or other[2] > moment - 600000000) then return end
    redis.call('HDEL', calls, other[1])
  end
end

local function keep(number, results, version, undo, checked)
  local moment = math.max(tonumber(version), now)
  if not kept and redis.call('HLEN', calls) > 8 then forgetOld(moment) end
  redis.call('HSET', calls, sender, cmsgpack.pack({ number, results, string.format('%.0f', moment), undo, checked }))
end

local function versionIn(record)
  return record and string.match(record, '^%d+') or ''
end

local function write(sets, adds, gone)
  inParts(sets, function(...) redis.call('HSET', records, ...) end)
  inParts(adds, function(...) redis.call('ZADD', order, ...) end)
  inParts(gone, function(...) redis.call('HDEL', records, ...) redis.call('ZREM', order, ...) end)
end
`;

/**
 * KEYS: records, order, calls. ARGV: sender, number, a version that the next must be above; then per commit the counts of
 * its checks, puts and deletes, the checks (field, version or ""), the puts (field, JSON) and the deletes.
 * Gives per commit its version, or `!` and the index of the check that failed.
 * Versions are the server's time in microseconds, or one more than the last where that does not rise: they rise in a
 * space whatever the clock does, and are not given out again by a server that lost its newest writes.
 */
export const commitScript = script(
  "",
  `${inParts}${calls}
if last then
  if last[1] == number then return last[2] end
  if last[1] > number then return redis.error_reply('STALE a later call of this sender was carried out') end
end

local version = math.max(tonumber(redis.call('HGET', calls, 'version') or '0'), tonumber(ARGV[3]))

local state, before, touched, checks = {}, {}, {}, {}
local function record(field)
  if state[field] == nil then state[field] = redis.call('HGET', records, field) end
  return state[field]
end
local function put(field, content)
  local present = record(field)
  if before[field] == nil then
    before[field] = present
    touched[#touched + 1] = field
  end
  state[field] = content
end

local results, at = {}, 4
while at <= #ARGV do
  local firstPut = at + 3 + 2 * tonumber(ARGV[at])
  local firstDelete = firstPut + 2 * tonumber(ARGV[at + 1])
  local beyond = firstDelete + tonumber(ARGV[at + 2])
  local failed
  for check = at + 3, firstPut - 1, 2 do
    if versionIn(record(ARGV[check])) ~= ARGV[check + 1] then
      failed = (check - at - 3) / 2
      break
    end
  end
  if failed then
    results[#results + 1] = string.format('!%d', failed)
  else
    version = math.max(version + 1, now)
    local written = string.format('%.0f', version)
    results[#results + 1] = written
    for check = at + 3, firstPut - 1, 2 do
      checks[#checks + 1] = ARGV[check]
      checks[#checks + 1] = ARGV[check + 1]
    end
    for one = firstPut, firstDelete - 1, 2 do put(ARGV[one], written .. ':' .. ARGV[one + 1]) end
    for one = firstDelete, beyond - 1 do put(ARGV[one], false) end
  end
  at = beyond
end

local undo, checked, sets, adds, gone = {}, {}, {}, {}, {}
for _, field in ipairs(touched) do
  local present, content = before[field], state[field]
  undo[#undo + 1] = field
  undo[#undo + 1] = present
  undo[#undo + 1] = versionIn(content)
  if content then
    sets[#sets + 1] = field
    sets[#sets + 1] = content
    if not present then
      adds[#adds + 1] = '0'
      adds[#adds + 1] = field
    end
  elseif present then
    gone[#gone + 1] = field
  end
end
for one = 1, #checks, 2 do
  if before[checks[one]] == nil then
    checked[#checked + 1] = checks[one]
    checked[#checked + 1] = checks[one + 1]
  end
end

version = string.format('%.0f', version)
redis.call('HSET', calls, 'version', version)
keep(number, results, version, undo, checked)
write(sets, adds, gone)
return results
`,
);

/**
 * KEYS: records, order, calls. ARGV: sender, number. Makes that call, of which nobody was told that it succeeded, one that
 * did not happen: if it has come, what it wrote is put back as it was; if it is still to come, it will be refused.
 * Nothing is put back once another has written what the call wrote or checked: that one has built on it.
 * Gives `void` or `overtaken`.
 */
export const takeBackScript = script(
  "",
  `${inParts}${calls}
if last and last[1] > number then return 'void' end
local overtaken = false
if last and last[1] == number and last[4] then
  local undo, checked, sets, adds, gone = last[4], last[5], {}, {}, {}
  for at = 1, #undo, 3 do
    if versionIn(redis.call('HGET', records, undo[at])) ~= undo[at + 2] then overtaken = true end
    if undo[at + 1] then
      sets[#sets + 1] = undo[at]
      sets[#sets + 1] = undo[at + 1]
      adds[#adds + 1] = '0'
      adds[#adds + 1] = undo[at]
    else
      gone[#gone + 1] = undo[at]
    end
  end
  for at = 1, #checked, 2 do
    if versionIn(redis.call('HGET', records, checked[at])) ~= checked[at + 1] then overtaken = true end
  end
  if not overtaken then write(sets, adds, gone) end
end
keep(number, {}, redis.call('HGET', calls, 'version') or '0')
return overtaken and 'overtaken' or 'void'
`,
);

/** KEYS: records, order. ARGV: the command, its two bounds, the limit. Gives fields and records in turn. */
export const listScript = script(
  " flags=no-writes",
  `
local fields = redis.call(ARGV[1], KEYS[2], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
local found = {}
for from = 1, #fields, 1000 do
  local contents = redis.call('HMGET', KEYS[1], unpack(fields, from, math.min(from + 999, #fields)))
  for at, content in ipairs(contents) do
    found[#found + 1] = fields[from + at - 1]
    found[#found + 1] = content
  end
end
return found
`,
);

/** KEYS: for each key its space's records. ARGV: for each key its field. Gives the records of several spaces, all from one moment. */
export const getScript = script(
  " flags=no-writes",
  `
local found = {}
for at, records in ipairs(KEYS) do found[at] = redis.call('HGET', records, ARGV[at]) end
return found
`,
);
