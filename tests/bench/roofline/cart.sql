-- 64 orders in one batch: the cart service keeps carts in Redis and only its position here.
-- \x3a is a colon: pgbench would take what follows one for a variable.
\startpipeline
begin;
update heard set xid = xid + 1, moved_at = now() where stream = E'stream\x3aorders' and partition = :client_id::smallint;
commit;
\endpipeline
