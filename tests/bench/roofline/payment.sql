-- 64 payments in five batches, as the payment service writes them: opened, to be charged, charge claimed, link known, paid.
-- \x3a is a colon: pgbench would take what follows one for a variable.
\set batch :batch + 1
\set first :client_id * 1000000000 + :batch * 64
\startpipeline
begin;
insert into bill (order_id, number, email, username, shipping, lines)
select lpad(to_hex(n), 32, '0')::uuid, 'P-20260102-7K3QX9', 'customer7@example.com', 'customer7', 0,
       '[{"product_id":7,"name":"Kopi Gayo 7 250 g","quantity":2,"price":57000},{"product_id":9,"name":"Kopi Gayo 9 250 g","quantity":1,"price":59000}]'
  from generate_series(:first::bigint, :first::bigint + 63) as n;
insert into payment (order_id, attempt_id, state, user_id, amount, currency, expires_at)
select lpad(to_hex(n), 32, '0')::uuid, ('a' || lpad(to_hex(n), 31, '0'))::uuid, 'WAITING', 1000000 + n % 64, 150000, 'IDR',
       now() + interval '15 minutes'
  from generate_series(:first::bigint, :first::bigint + 63) as n;
update heard set xid = xid + 1, moved_at = now() where stream = E'stream\x3aorders' and partition = :client_id::smallint;
commit;
begin;
select order_id, state, version from payment
 where order_id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid for update;
update payment set state = 'CHARGING', version = version + 1, changed_at = now()
 where order_id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid;
insert into job (kind, key, subject, due_at, traceparent, payload)
select 'charge', (lpad(to_hex(n), 32, '0')::uuid)::text, (lpad(to_hex(n), 32, '0')::uuid)::text,
       now(), '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '{}'
  from generate_series(:first::bigint, :first::bigint + 63) as n
on conflict (kind, key) do nothing;
update heard set xid = xid + 1, moved_at = now() where stream = E'stream\x3astock' and partition = :client_id::smallint;
commit;
begin;
update job set attempts = attempts + 1, due_at = now() + interval '20 seconds'
 where kind = 'charge'
   and key = any (array(select (lpad(to_hex(n), 32, '0')::uuid)::text from generate_series(:first::bigint, :first::bigint + 63) as n));
commit;
begin;
select order_id, state, version from payment
 where order_id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid for update;
update payment set state = 'PENDING', version = version + 1, changed_at = now()
 where order_id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid;
insert into attempt (id, order_id, token, redirect_url)
select ('a' || lpad(to_hex(n), 31, '0'))::uuid, lpad(to_hex(n), 32, '0')::uuid, '66e4fa55-fdac-4ef9-91b5-733b97d1b862',
       'http://127.0.0.1:8009/snap/v3/redirection/66e4fa55-fdac-4ef9-91b5-733b97d1b862'
  from generate_series(:first::bigint, :first::bigint + 63) as n;
insert into outbox (stream, partition, id, type, source, subject, time, traceparent, data)
select E'stream\x3apayments', 0, ('1' || lpad(to_hex(n), 31, '0'))::uuid, 'PaymentPending', '/payment', (lpad(to_hex(n), 32, '0')::uuid)::text,
       now(), '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
       '{"order_id":"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b","payment_id":"0190a5c1-8000-7d50-8a5e-0c1d2e3f4a5c","payment_url":"http://127.0.0.1:8009/snap/v3/redirection/66e4fa55-fdac-4ef9-91b5-733b97d1b862","expires_at":"2026-01-02T03:19:05.000000Z"}'
  from generate_series(:first::bigint, :first::bigint + 63) as n;
delete from job where kind = 'charge'
   and key = any (array(select (lpad(to_hex(n), 32, '0')::uuid)::text from generate_series(:first::bigint, :first::bigint + 63) as n));
commit;
begin;
select order_id, state, version from payment
 where order_id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid for update;
update payment set state = 'SUCCESS', version = version + 1, method = 'qris', changed_at = now(),
       transaction_id = '0190a5c1-8000-7d50-8a5e-0c1d2e3f4a5c'
 where order_id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid;
insert into outbox (stream, partition, id, type, source, subject, time, traceparent, data)
select E'stream\x3apayments', 0, ('2' || lpad(to_hex(n), 31, '0'))::uuid, 'PaymentSuccess', '/payment', (lpad(to_hex(n), 32, '0')::uuid)::text,
       now(), '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
       '{"order_id":"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b","payment_id":"0190a5c1-8000-7d50-8a5e-0c1d2e3f4a5c","amount":150000,"currency":"IDR","method":"qris"}'
  from generate_series(:first::bigint, :first::bigint + 63) as n;
commit;
\endpipeline
