-- 64 orders in four batches, as the order service writes them: taken, stock reserved, link known, paid.
-- \x3a is a colon: pgbench would take what follows one for a variable.
\set batch :batch + 1
\set first :client_id * 1000000000 + :batch * 64
\startpipeline
begin;
insert into idempotency (user_id, key, body_hash, order_id, made_at)
select 1000000 + n % 64, (lpad(to_hex(n), 32, '0')::uuid)::text, sha256(n::text::bytea), lpad(to_hex(n), 32, '0')::uuid, now()
  from generate_series(:first::bigint, :first::bigint + 63) as n
on conflict (user_id, key) do nothing;
insert into orders (id, user_id)
select lpad(to_hex(n), 32, '0')::uuid, 1000000 + n % 64 from generate_series(:first::bigint, :first::bigint + 63) as n;
insert into order_details (order_id, number, email, username, currency, subtotal, shipping, items, shipping_address,
                           created_at, expires_at)
select lpad(to_hex(n), 32, '0')::uuid, 'P-20260102-7K3QX9', 'customer7@example.com', 'customer7', 'IDR', 150000, 0,
       '[{"product_id":7,"name":"Kopi Gayo 7 250 g","quantity":2,"price":57000},{"product_id":9,"name":"Kopi Gayo 9 250 g","quantity":1,"price":59000}]',
       '{"label":"Home","recipient":"Budi Santoso","phone":"+6281234567890","street":"Jl. Kenanga 12","district":"Coblong","city":"Bandung","province":"Jawa Barat","postal_code":"40132","country":"ID"}',
       now(), now() + interval '15 minutes'
  from generate_series(:first::bigint, :first::bigint + 63) as n;
insert into outbox (stream, partition, id, type, source, subject, time, traceparent, data)
select E'stream\x3aorders', 0, ('1' || lpad(to_hex(n), 31, '0'))::uuid, 'OrderCreated', '/order', (lpad(to_hex(n), 32, '0')::uuid)::text,
       now(), '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
       '{"order_id":"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b","number":"P-20260102-7K3QX9","user_id":1000007,"email":"customer7@example.com","username":"customer7","currency":"IDR","subtotal":150000,"shipping":0,"total":150000,"expires_at":"2026-01-02T03:19:05.000000Z","items":[{"product_id":7,"name":"Kopi Gayo 7 250 g","quantity":2,"price":57000},{"product_id":9,"name":"Kopi Gayo 9 250 g","quantity":1,"price":59000}],"shipping_address":{"label":"Home","recipient":"Budi Santoso","phone":"+6281234567890","street":"Jl. Kenanga 12","district":"Coblong","city":"Bandung","province":"Jawa Barat","postal_code":"40132","country":"ID"}}'
  from generate_series(:first::bigint, :first::bigint + 63) as n;
commit;
begin;
select id, status, version from orders
 where id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid for update;
update orders set status = 'AWAITING_PAYMENT', version = version + 1
 where id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid;
insert into order_history (order_id, version, status, at)
select lpad(to_hex(n), 32, '0')::uuid, 2, 'AWAITING_PAYMENT', now() from generate_series(:first::bigint, :first::bigint + 63) as n;
update heard set xid = xid + 1, moved_at = now() where stream = E'stream\x3astock' and partition = :client_id::smallint;
commit;
begin;
select id, status, version from orders
 where id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid for update;
update orders set payment_status = 'pending', version = version + 1, payment_expires_at = now() + interval '15 minutes',
       payment_url = 'http://127.0.0.1:8009/snap/v3/redirection/66e4fa55-fdac-4ef9-91b5-733b97d1b862'
 where id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid;
update heard set xid = xid + 1, moved_at = now() where stream = E'stream\x3apayments' and partition = :client_id::smallint;
commit;
begin;
select id, status, version from orders
 where id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid for update;
update orders set status = 'PAID', payment_status = 'success', version = version + 1
 where id between lpad(to_hex(:first::bigint), 32, '0')::uuid and lpad(to_hex(:first::bigint + 63), 32, '0')::uuid;
insert into order_history (order_id, version, status, at)
select lpad(to_hex(n), 32, '0')::uuid, 4, 'PAID', now() from generate_series(:first::bigint, :first::bigint + 63) as n;
insert into outbox (stream, partition, id, type, source, subject, time, traceparent, data)
select E'stream\x3aorders', 0, ('2' || lpad(to_hex(n), 31, '0'))::uuid, 'OrderPaid', '/order', (lpad(to_hex(n), 32, '0')::uuid)::text,
       now(), '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
       '{"order_id":"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b","number":"P-20260102-7K3QX9","user_id":1000007,"email":"customer7@example.com","currency":"IDR","total":150000,"items":[{"product_id":7,"name":"Kopi Gayo 7 250 g","quantity":2,"price":57000},{"product_id":9,"name":"Kopi Gayo 9 250 g","quantity":1,"price":59000}],"shipping_address":{"label":"Home","recipient":"Budi Santoso","phone":"+6281234567890","street":"Jl. Kenanga 12","district":"Coblong","city":"Bandung","province":"Jawa Barat","postal_code":"40132","country":"ID"}}'
  from generate_series(:first::bigint, :first::bigint + 63) as n;
update heard set xid = xid + 1, moved_at = now() where stream = E'stream\x3apayments' and partition = :client_id::smallint;
commit;
\endpipeline
