-- Whoever waits for a lock that excludes all others makes all others wait behind it. A dump of the database holds its locks
-- for as long as it runs; the calendar can wait for that, those who write cannot.
alter function outbox_turn(int) set lock_timeout = '200ms';
