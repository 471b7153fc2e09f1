-- 64 orders in two batches, as the product service writes them: stock held, stock sold. Stock is summed by product.
-- \x3a is a colon: pgbench would take what follows one for a variable.
\set batch :batch + 1
\set first :client_id * 1000000000 + :batch * 64
\startpipeline
begin;
select product_id, on_hand from stock order by product_id for update;
insert into hold (order_id, state, hold_until, product_ids, quantities)
select lpad(to_hex(n), 32, '0')::uuid, 'held', now() + interval '16 minutes', array[n % 100 + 1], array[2]
  from generate_series(:first::bigint, :first::bigint + 63) as n;
update stock set on_hand = on_hand - 2, held = held + 2
 where product_id in (select n % 100 + 1 from generate_series(:first::bigint, :first::bigint + 63) as n);
insert into job (kind, key, subject, due_at, traceparent, payload)
select 'hold_expire', (lpad(to_hex(n), 32, '0')::uuid)::text, (lpad(to_hex(n), 32, '0')::uuid)::text,
       now() + interval '16 minutes', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '{}'
  from generate_series(:first::bigint, :first::bigint + 63) as n
on conflict (kind, key) do nothing;
insert into outbox (stream, partition, id, type, source, subject, time, traceparent, data)
select E'stream\x3astock', 0, ('1' || lpad(to_hex(n), 31, '0'))::uuid, 'StockReserved', '/product', (lpad(to_hex(n), 32, '0')::uuid)::text,
       now(), '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
       '{"order_id":"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b","hold_until":"2026-01-02T03:20:05.000000Z"}'
  from generate_series(:first::bigint, :first::bigint + 63) as n;
update heard set xid = xid + 1, moved_at = now() where stream = E'stream\x3aorders' and partition = :client_id::smallint;
commit;
begin;
select order_id, state from hold
 where order_id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid for update;
update hold set state = 'sold', updated_at = now()
 where order_id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid;
select product_id, held from stock order by product_id for update;
update stock set held = held - 2, sold = sold + 2
 where product_id in (select n % 100 + 1 from generate_series(:first::bigint, :first::bigint + 63) as n);
delete from job where kind = 'hold_expire'
   and key = any (array(select (lpad(to_hex(n), 32, '0')::uuid)::text from generate_series(:first::bigint, :first::bigint + 63) as n));
update heard set xid = xid + 1, moved_at = now() where stream = E'stream\x3aorders' and partition = :client_id::smallint;
commit;
\endpipeline
