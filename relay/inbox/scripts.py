"""What has to be one atomic step in Redis, as Lua. Each script gets every key, in the order of `RedisKeys`.

A *page* is one stream entry with the messages that came together, a JSON array; a lone message is a page of one.
A message belongs to the page that `where` names for its key, so a duplicate needs no rewriting of its page.
"""

from typing import Final, NamedTuple, Self

from relay.bus.lease import FENCE
from relay.bus.namespace import key_in
from relay.bus.script import Script

VERSION: Final = 1
"""Of what is described here. Who changes it so that an older relay would go wrong counts up, and brings what older ones
wrote forward in `Pages.prepare`."""


class RedisKeys(NamedTuple):
    """Where things are. All share one hash tag, so that they live on one node."""

    log: str
    """Stream of pages, in the order of arrival; entry ids begin with the time of arrival in milliseconds."""
    newest: str
    """The id of the newest page."""
    moved: str
    """Page id to the id that its messages came with, where others that came with them are forgotten."""
    where: str
    """Message key to page id: the duplicate check."""
    open: str
    """Page id to the number of its messages without an outcome; a page with none is absent."""
    done: str
    """Message key to settlement."""
    edits: str
    """Message key to its new text, marked where that is what somebody does."""
    begun: str
    """Message key to the id of the forward that carries it."""
    forwards: str
    """Forward id to forward, while one of its messages has no outcome."""
    left: str
    """Forward id to the number of its messages without an outcome."""
    outcomes: str
    """Outcome to count."""
    notes: str
    counters: str
    """Name of a counter to what it has come to."""
    counted: str
    """Message key to what its counter had come to with it."""
    version: str
    """Of the layout, as VERSION; none is 1."""
    owner: str
    """Who has the lease: the fencing token (see bus/lease.py). Only its holder may write what a relay writes."""

    @classmethod
    def of(cls, namespace: str) -> Self:
        return cls(*(key_in(namespace, field) for field in cls._fields))


_NAMES = f"local {', '.join(RedisKeys._fields)} = unpack(KEYS)\n"

_FENCED = _NAMES + FENCE
_FREEING = "redis.call('HDEL', left, '')\n"
"""Before a script that empties the store: Redis without memory lets no script begin with what may need more, but one
go on that has begun otherwise."""

CLAIM = Script(
    _FENCED
    + """
-- ARGV: group, consumer, pages   Returns the next pages, now the consumer's.
local given = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', log, '>')
return given and given[1][2] or {}
"""
)

NOTE = Script(
    _FENCED
    + """
-- ARGV: name, value
redis.call('HSET', notes, ARGV[1], ARGV[2])
"""
)

COUNT = Script(
    _FENCED
    + """
-- ARGV: name, key   Returns what the counter has come to with this message.
local known = redis.call('HGET', counted, ARGV[2])
if known then return known end
local value = redis.call('HINCRBY', counters, ARGV[1], 1)
redis.call('HSET', counted, ARGV[2], value)
return value
"""
)

APPEND = Script(
    _NAMES
    + """
-- ARGV: milliseconds, messages, JSON array of keys   Returns the keys that were there already.
local ms, keys = tonumber(ARGV[1]), cjson.decode(ARGV[3])
local pages = redis.call('HMGET', where, unpack(keys))
local last_ms, last_seq = string.match(redis.call('GET', newest) or '0-0', '(%d+)-(%d+)')
local seq = 0
if tonumber(last_ms) >= ms then ms, seq = tonumber(last_ms), last_seq + 1 end
local page = string.format('%.0f-%.0f', ms, seq)
local fresh, known, n = {}, {}, 0
for i, key in ipairs(keys) do
  if pages[i] then known[#known + 1] = key else fresh[n + 1], fresh[n + 2], n = key, page, n + 2 end
end
if n > 0 then
  redis.call('SET', newest, page)
  redis.call('HSET', where, unpack(fresh))
  redis.call('HSET', open, page, n / 2)
  redis.call('XADD', log, page, 'm', ARGV[2])
end
return known
"""
)

_OUTCOMES = """
local first = {}
for i = 2, #ARGV, 3 do
  local key, outcome = ARGV[i], ARGV[i + 1]
  local page, forward = redis.call('HGET', where, key), redis.call('HGET', begun, key)
  if page and not (forward and only_free) and redis.call('HSETNX', done, key, ARGV[i + 2]) == 1 then
    redis.call('HINCRBY', outcomes, outcome, 1)
    if redis.call('HINCRBY', open, page, -1) == 0 then
      redis.call('HDEL', open, page)
      redis.call('XACK', log, ARGV[1], page)
    end
    if forward and redis.call('HINCRBY', left, forward, -1) <= 0 then
      redis.call('HDEL', left, forward)
      redis.call('HDEL', forwards, forward)
    end
    first[#first + 1] = 1
  else
    first[#first + 1] = 0
  end
end
return first
"""

SETTLE = Script(
    _FENCED
    + _FREEING
    + """
-- ARGV: group, then (key, outcome, settlement)...   Returns 1 or 0 for each.
local only_free = false
"""
    + _OUTCOMES
)

RETRACT = Script(
    _NAMES
    + _FREEING
    + """
-- The same for what a platform takes back; it leaves begun forwards alone.
local only_free = true
"""
    + _OUTCOMES
)

BEGIN = Script(
    _FENCED
    + _FREEING
    + """
-- ARGV: (forward id, forward, how many keys, key...)...   Returns 1 for each, or 0 when a key is not free.
local function is_free(key, id)
  local other = redis.call('HGET', begun, key)
  return (not other or other == id) and redis.call('HEXISTS', done, key) == 0
    and redis.call('HEXISTS', where, key) == 1
end
local answers, at = {}, 1
while at <= #ARGV do
  local id, first, last, free = ARGV[at], at + 3, at + 2 + tonumber(ARGV[at + 2]), 1
  for i = first, last do
    if not is_free(ARGV[i], id) then free = 0 end
  end
  if free == 1 then
    redis.call('HSET', forwards, id, ARGV[at + 1])
    for i = first, last do
      if redis.call('HSET', begun, ARGV[i], id) == 1 then redis.call('HINCRBY', left, id, 1) end
    end
  end
  answers[#answers + 1], at = free, last + 1
end
return answers
"""
)

ABANDON = Script(
    _FENCED
    + """
-- ARGV: forward id, key...
redis.call('HDEL', forwards, ARGV[1])
redis.call('HDEL', left, ARGV[1])
for i = 2, #ARGV do
  if redis.call('HGET', begun, ARGV[i]) == ARGV[1] and redis.call('HEXISTS', done, ARGV[i]) == 0 then
    redis.call('HDEL', begun, ARGV[i])
  end
end
"""
)

EDIT = Script(
    _NAMES
    + """
-- ARGV: key, edit   Returns 1, or 0 when the message cannot be changed any more.
local key = ARGV[1]
if redis.call('HEXISTS', where, key) == 0 or redis.call('HEXISTS', done, key) == 1
    or redis.call('HEXISTS', begun, key) == 1 then
  return 0
end
redis.call('HSET', edits, key, ARGV[2])
return 1
"""
)

FORGET = Script(
    _NAMES
    + """
-- ARGV: group, page, the most to forget, key...   Returns how many settled messages of the page were forgotten.
local page, most, forgotten, kept = ARGV[2], tonumber(ARGV[3]), 0, false
for i = 4, #ARGV do
  local key = ARGV[i]
  if redis.call('HGET', where, key) == page then
    local settlement = redis.call('HGET', done, key)
    if settlement and forgotten < most then
      for _, hash in ipairs({where, done, edits, begun, counted}) do redis.call('HDEL', hash, key) end
      redis.call('HINCRBY', outcomes, cjson.decode(settlement).outcome, -1)
      forgotten = forgotten + 1
    else
      kept = true
    end
  end
end
if not kept then
  redis.call('XACK', log, ARGV[1], page)
  redis.call('XDEL', log, page)
  redis.call('HDEL', moved, page)
end
return forgotten
"""
)

FORGET_SOME = Script(
    _NAMES
    + """
-- ARGV: group, page, milliseconds, JSON array of the messages that stay, how many are to go, their keys, the others'
-- Returns how many settled messages were forgotten. What stays goes into a new page once nothing of this one is open.
local page, ms, rest, going, forgotten, waits = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), 0, false
for i = 6, 5 + going do
  local key = ARGV[i]
  local settlement = redis.call('HGET', done, key)
  if redis.call('HGET', where, key) == page then
    if settlement then
      for _, hash in ipairs({where, done, edits, begun, counted}) do redis.call('HDEL', hash, key) end
      redis.call('HINCRBY', outcomes, cjson.decode(settlement).outcome, -1)
      forgotten = forgotten + 1
    else
      waits = true
    end
  end
end
if waits or redis.call('HEXISTS', open, page) == 1 then return forgotten end
local staying = {}
for i = 6 + going, #ARGV do
  if redis.call('HGET', where, ARGV[i]) == page then staying[#staying + 1] = ARGV[i] end
end
if #staying > 0 then
  local last_ms, last_seq = string.match(redis.call('GET', newest) or '0-0', '(%d+)-(%d+)')
  local seq = 0
  if tonumber(last_ms) >= ms then ms, seq = tonumber(last_ms), last_seq + 1 end
  local new = string.format('%.0f-%.0f', ms, seq)
  redis.call('SET', newest, new)
  redis.call('XADD', log, new, 'm', rest)
  redis.call('HSET', moved, new, redis.call('HGET', moved, page) or page)
  for _, key in ipairs(staying) do redis.call('HSET', where, key, new) end
end
redis.call('XACK', log, ARGV[1], page)
redis.call('XDEL', log, page)
redis.call('HDEL', moved, page)
return forgotten
"""
)

LOOK_UP = Script(
    _NAMES
    + """
-- ARGV: key...   Returns pages, settlements, edits and forwards, each in the order of the keys.
local found = {}
for _, hash in ipairs({where, done, edits, begun}) do
  found[#found + 1] = redis.call('HMGET', hash, unpack(ARGV))
end
return found
"""
)

READ = Script(
    _NAMES
    + """
-- ARGV: page id...   Returns the entries that are there.
local found = {}
for _, page in ipairs(ARGV) do
  for _, entry in ipairs(redis.call('XRANGE', log, page, page)) do found[#found + 1] = entry end
end
return found
"""
)

COUNTS = Script(
    _NAMES
    + """
-- Returns how many messages are known, and how many of them have an outcome.
return {redis.call('HLEN', where), redis.call('HLEN', done)}
"""
)
