-- Statements of order. Arrays carry one element for each row: $1::uuid[], $2::text[] … side by side.

-- ---- taking orders ----

-- name: order_catalogue
select product_id, name, price, currency, active
  from catalogue where product_id = any ($1::bigint[]) order by product_id;

-- In order, so that two processes with the same keys wait for one another instead of deadlocking.
-- name: order_claim_keys
insert into idempotency (user_id, key, body_hash, order_id, made_at)
select k.user_id, k.key, decode(k.hash, 'hex'), k.order_id, ts($5::bigint)
  from unnest($1::bigint[], $2::text[], $3::text[], $4::uuid[]) as k (user_id, key, hash, order_id)
 order by k.user_id, k.key
on conflict (user_id, key) do nothing
returning order_id;

-- name: order_release_keys
delete from idempotency as i
 using unnest($1::bigint[], $2::text[]) as k (user_id, key)
 where i.user_id = k.user_id and i.key = k.key and i.user_id = any ($1::bigint[]);

-- name: order_find_key
select encode(i.body_hash, 'hex'), i.order_id, d.number, d.total, d.currency
  from idempotency as i join order_details as d on d.order_id = i.order_id
 where i.user_id = $1::bigint and i.key = $2::text;

-- name: order_insert
insert into orders (id, user_id)
select o.id, o.user_id from unnest($1::uuid[], $2::bigint[]) as o (id, user_id);

-- name: order_insert_details
insert into order_details (order_id, number, email, username, currency, subtotal, shipping, items, shipping_address,
                           created_at, expires_at)
select o.id, o.number, o.email, o.username, o.currency, o.subtotal, o.shipping, o.items, o.address,
       ts(o.created_us), ts(o.expires_us)
  from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[],
              $9::text[], $10::bigint[], $11::bigint[])
       as o (id, number, email, username, currency, subtotal, shipping, items, address, created_us, expires_us);

-- name: order_take_numbers
select nextval('order_number_block');

-- At most 1,000 at a time: a longer delete holds up everybody else.
-- name: order_sweep_keys
delete from idempotency
 where ctid = any (array(select ctid from idempotency where made_at < ts($1::bigint) limit 1000));

-- ---- showing orders ----

-- name: order_get
select o.id, d.number, o.user_id, o.status, o.payment_status, o.version, o.cancel_reason, o.payment_url,
       us(o.payment_expires_at), d.currency, d.subtotal, d.shipping, d.total, d.items, d.shipping_address,
       us(d.created_at), us(d.expires_at)
  from orders as o join order_details as d on d.order_id = o.id
 where o.id = $1::uuid;

-- name: order_list
select o.id, d.number, o.user_id, o.status, o.payment_status, o.version, o.cancel_reason, o.payment_url,
       us(o.payment_expires_at), d.currency, d.subtotal, d.shipping, d.total, d.items, d.shipping_address,
       us(d.created_at), us(d.expires_at)
  from (select id, user_id, status, payment_status, version, cancel_reason, payment_url, payment_expires_at
          from orders
         where user_id = $1::bigint and id < $2::uuid and ($3::text = '' or status = $3::text)
         order by id desc limit $4::int) as o
  join order_details as d on d.order_id = o.id
 order by o.id desc;

-- name: order_list_all
select o.id, d.number, o.user_id, o.status, o.payment_status, o.version, o.cancel_reason, o.payment_url,
       us(o.payment_expires_at), d.currency, d.subtotal, d.shipping, d.total, d.items, d.shipping_address,
       us(d.created_at), us(d.expires_at)
  from (select id, user_id, status, payment_status, version, cancel_reason, payment_url, payment_expires_at
          from orders
         where id < $1::uuid and ($2::text = '' or status = $2::text)
         order by id desc limit $3::int) as o
  join order_details as d on d.order_id = o.id
 order by o.id desc;

-- name: order_history_get
select status, reason, us(at) from order_history where order_id = $1::uuid order by version;

-- ---- steps ----

-- In id order, against deadlocks between hearers.
-- name: order_lock
select id, user_id, status, payment_status, version
  from orders where id = any ($1::uuid[]) order by id for update;

-- What is told of an order besides its id.
-- name: order_details_get
select order_id, number, email, currency, total, items, shipping_address
  from order_details where order_id = any ($1::uuid[]);

-- `= any` keeps the planner on the primary key also while it has no statistics of a young table.
-- name: order_update
update orders as o
   set status = c.status, payment_status = c.payment_status, version = c.version::int,
       cancel_reason = coalesce(c.cancel_reason, o.cancel_reason),
       payment_url = coalesce(c.payment_url, o.payment_url),
       payment_expires_at = coalesce(ts(nullif(c.payment_expires_us, 0)), o.payment_expires_at)
  from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[])
       as c (id, status, payment_status, version, cancel_reason, payment_url, payment_expires_us)
 where o.id = c.id and o.id = any ($1::uuid[]);

-- name: order_history_insert
insert into order_history (order_id, version, status, reason, at)
select h.order_id, h.version::int, h.status, h.reason, ts($5::bigint)
  from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[]) as h (order_id, version, status, reason);

-- ---- our copy of the catalogue ----

-- An older version than ours came late. A product removed before we knew it leaves a row without a name.
-- name: order_catalogue_keep
insert into catalogue (product_id, version, name, price, currency, weight_grams, active)
select p.product_id, p.version, p.name, p.price, p.currency, p.weight_grams, p.active::int = 1
  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[])
       as p (product_id, version, name, price, currency, weight_grams, active)
 order by p.product_id
on conflict (product_id) do update
   set version = excluded.version, active = excluded.active,
       name = case when excluded.name = '' then catalogue.name else excluded.name end,
       price = case when excluded.name = '' then catalogue.price else excluded.price end,
       currency = case when excluded.name = '' then catalogue.currency else excluded.currency end,
       weight_grams = case when excluded.name = '' then catalogue.weight_grams else excluded.weight_grams end
 where catalogue.version < excluded.version;
