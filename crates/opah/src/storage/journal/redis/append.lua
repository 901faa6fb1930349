-- Appends records: all or none, and once, however often it is sent.
--
-- KEYS[1]  the number of the last record
-- ARGV[1]  what the keys of records begin with
-- ARGV[2]  the number of the first record that the sender has not read
-- ARGV[3]  the record before it; empty if there is none
-- the rest: the records

local function key(number)
  return ARGV[1] .. string.format('%d', number)
end

local last = tonumber(redis.call('GET', KEYS[1]) or -1)
local unread = tonumber(ARGV[2])
if last + 1 < unread or (ARGV[3] ~= '' and redis.call('GET', key(unread - 1)) ~= ARGV[3]) then
  return 'replaced'
end
-- A record names its worker, who has read what it wrote before: one that stands among the
-- unread is from the same append, whose answer was lost.
for number = unread, last do
  if redis.call('GET', key(number)) == ARGV[4] then
    return 'appended'
  end
end
for place = 4, #ARGV do
  last = last + 1
  redis.call('SET', key(last), ARGV[place])
end
redis.call('SET', KEYS[1], string.format('%d', last))
return 'appended'
