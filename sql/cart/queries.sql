-- Statements of the cart service.

-- name: catalogue_find
select product_id, name, price, currency, active from catalogue where product_id = any ($1::bigint[]);

-- Each product once. What is older than the copy changes nothing.
-- name: catalogue_save
insert into catalogue (product_id, version, name, price, currency, active)
select p.product_id, p.version, p.name, p.price, p.currency, p.active::boolean
  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[])
       as p (product_id, version, name, price, currency, active)
on conflict (product_id) do update
   set version = excluded.version, name = excluded.name, price = excluded.price, currency = excluded.currency,
       active = excluded.active
 where catalogue.version < excluded.version;

-- name: catalogue_retire
update catalogue c set active = false, version = r.version
  from unnest($1::bigint[], $2::bigint[]) as r (product_id, version)
 where c.product_id = r.product_id and c.version < r.version;
