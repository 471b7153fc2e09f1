-- Statements of the product service. Times are microseconds.

-- ---- products ----
-- Whoever reads a product gets these columns in this order; store.c knows it.

-- name: product_by_id
select id, name, slug, description, price, currency, weight_grams, image_urls, active,
       version, created_us, updated_us, on_hand, held, sold, categories
  from product_card
 where id = $1::bigint and not removed;

-- name: product_by_slug
select id, name, slug, description, price, currency, weight_grams, image_urls, active,
       version, created_us, updated_us, on_hand, held, sold, categories
  from product_card
 where slug = $1::text and not removed;

-- A page, and in the last column how many there are in all. Sorting keys that are not asked for are null in every row;
-- ids grow with the time of making, and compare faster.
-- name: product_list
with recursive wanted as (
    select c.id from category c where c.id = $1::bigint
    union
    select c.id from category c join wanted w on c.parent_id = w.id
), page as (
    select p.id, count(*) over () as total
      from product p join stock s on s.product_id = p.id
     where not p.removed and (p.active or $4::boolean) and p.price between $2::bigint and $3::bigint
       and ($1::bigint is null or p.id in (
                select pc.product_id from product_category pc join wanted w on w.id = pc.category_id))
     order by case when $6::boolean then -1 else 1 end
              * case $5::text when 'price' then p.price when 'popularity' then s.sold when 'created_at' then p.id end,
              case when $5::text = 'name' and not $6::boolean then lower(p.name) end,
              case when $5::text = 'name' and $6::boolean then lower(p.name) end desc,
              p.id desc
     limit $7::bigint offset $8::bigint
), placed as (
    select id, total, row_number() over () as place from page
)
select c.id, c.name, c.slug, c.description, c.price, c.currency, c.weight_grams, c.image_urls, c.active,
       c.version, c.created_us, c.updated_us, c.on_hand, c.held, c.sold, c.categories, placed.total
  from placed join product_card c on c.id = placed.id
 order by placed.place;

-- As product_list, of those that answer $9: by words (Indonesian and English), or by letters for mistyped ones.
-- name: product_search
with recursive wanted as (
    select c.id from category c where c.id = $1::bigint
    union
    select c.id from category c join wanted w on c.parent_id = w.id
), asked as (
    select websearch_to_tsquery('indonesian', $9::text) || websearch_to_tsquery('english', $9::text) as words
), hit as (
    select p.id from asked join product p on p.search @@ asked.words
    union
    select product_spelt_like($9::text)
), page as (
    select p.id, count(*) over () as total
      from asked, hit join product p on p.id = hit.id join stock s on s.product_id = p.id
     where not p.removed and (p.active or $4::boolean) and p.price between $2::bigint and $3::bigint
       and ($1::bigint is null or p.id in (
                select pc.product_id from product_category pc join wanted w on w.id = pc.category_id))
     order by case when $6::boolean then -1 else 1 end
              * case $5::text when 'price' then p.price when 'popularity' then s.sold when 'created_at' then p.id end,
              case when $5::text = 'name' and not $6::boolean then lower(p.name) end,
              case when $5::text = 'name' and $6::boolean then lower(p.name) end desc,
              case when $5::text = 'relevance'
                   then ts_rank(p.search, asked.words) + word_similarity($9::text, p.name) end desc,
              p.id desc
     limit $7::bigint offset $8::bigint
), placed as (
    select id, total, row_number() over () as place from page
)
select c.id, c.name, c.slug, c.description, c.price, c.currency, c.weight_grams, c.image_urls, c.active,
       c.version, c.created_us, c.updated_us, c.on_hand, c.held, c.sold, c.categories, placed.total
  from placed join product_card c on c.id = placed.id
 order by placed.place;

-- What another service asks before it promises anything.
-- name: product_brief
select p.id, s.on_hand, p.price, p.name, p.active
  from product p join stock s on s.product_id = p.id
 where p.id = any ($1::bigint[]) and not p.removed
 order by p.id;

-- name: product_insert
insert into product (name, slug, description, price, currency, weight_grams, image_urls, active)
values ($1::text, $2::text, $3::text, $4::bigint, $5::text, $6::bigint, $7::json, $8::boolean)
returning id;

-- name: product_lock
select id from product where id = $1::bigint and not removed for update;

-- name: product_update
update product
   set name = $3::text, slug = $4::text, description = $5::text, price = $6::bigint, weight_grams = $7::bigint,
       image_urls = $8::json, active = $9::boolean, version = version + 1, updated_at = now()
 where id = $1::bigint and version = $2::bigint and not removed;

-- name: product_remove
update product set removed = true, active = false, version = version + 1, updated_at = now()
 where id = $1::bigint and not removed
returning version;

-- name: product_categories_clear
delete from product_category where product_id = $1::bigint;

-- name: product_categories_add
insert into product_category (product_id, category_id)
select $1::bigint, c.id from unnest($2::bigint[]) as c (id) on conflict do nothing;

-- ---- categories ----

-- name: category_list
select id, name, slug, parent_id from category order by name, id;

-- name: category_by_id
select id, name, slug, parent_id from category where id = $1::bigint;

-- Nothing when the parent has eight above itself: trees stay shallow.
-- name: category_insert
with recursive above as (
    select c.id, c.parent_id from category c where c.id = $3::bigint
    union
    select c.id, c.parent_id from category c join above a on c.id = a.parent_id
)
insert into category (name, slug, parent_id)
select $1::text, $2::text, $3::bigint where (select count(*) from above) <= 8
returning id;

-- Moves made at the same time wait for one another: two of them together could close a ring that neither sees.
-- name: category_lock_tree
select pg_advisory_xact_lock(hashtextextended('category tree', 0));

-- Nothing when the new parent is the category itself, lies below it, or has eight above itself.
-- name: category_update
with recursive above as (
    select c.id, c.parent_id from category c where c.id = $4::bigint
    union
    select c.id, c.parent_id from category c join above a on c.id = a.parent_id
)
update category set name = $2::text, slug = $3::text, parent_id = $4::bigint, updated_at = now()
 where id = $1::bigint and not exists (select from above where above.id = $1::bigint)
   and (select count(*) from above) <= 8
returning id;

-- name: category_delete
delete from category where id = $1::bigint returning id;

-- ---- stock ----

-- name: stock_open
insert into stock (product_id) values ($1::bigint);

-- Into, or out of, what is free to sell; stock_is_not_negative refuses what is not there.
-- name: stock_move
with moved as (
    insert into stock_movement (product_id, delta, reason, user_id)
    values ($1::bigint, $2::bigint, $3::text, $4::bigint)
)
update stock set on_hand = on_hand + $2::bigint, stocked = stocked + $2::bigint where product_id = $1::bigint;

-- name: stock_read_locked
select on_hand, held from stock where product_id = $1::bigint for update;

-- The rows of a batch's products, always locked in the order of their ids: writers wait, never deadlock.
-- name: stock_lock
select s.product_id, s.on_hand, p.active and not p.removed
  from stock s join product p on p.id = s.product_id
 where s.product_id = any ($1::bigint[])
 order by s.product_id
   for update of s;

-- What a whole batch changed, one row a product.
-- name: stock_apply
update stock s
   set on_hand = s.on_hand + d.on_hand, held = s.held + d.held, sold = s.sold + d.sold
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as d (product_id, on_hand, held, sold)
 where s.product_id = d.product_id;

-- Rows are to be none: what is there is what the movements brought, held what holds hold, sold what they sold.
-- name: audit_stock
select s.product_id, s.on_hand, s.held, s.sold, s.stocked, m.delta as moved, h.held as held_by_orders,
       h.sold as sold_to_orders
  from stock s
  cross join lateral (select coalesce(sum(delta), 0) as delta from stock_movement where product_id = s.product_id) m
  left join (select l.product_id, coalesce(sum(l.quantity) filter (where state = 'held'), 0) as held,
                    coalesce(sum(l.quantity) filter (where state = 'sold'), 0) as sold
               from hold cross join lateral unnest(product_ids, quantities) as l (product_id, quantity)
              where state in ('held', 'sold')
              group by l.product_id) h using (product_id)
 where s.on_hand + s.held + s.sold <> s.stocked or s.stocked <> m.delta
    or s.held <> coalesce(h.held, 0) or s.sold <> coalesce(h.sold, 0);

-- ---- holds ----

-- A row a line.
-- name: hold_lock
select h.order_id, h.state, us(h.hold_until), l.product_id, l.quantity
  from hold h cross join lateral unnest(h.product_ids, h.quantities) as l (product_id, quantity)
 where h.order_id = any ($1::uuid[])
 order by h.order_id
   for update of h;

-- New ones and changed ones alike.
-- name: hold_save
insert into hold (order_id, state, hold_until, product_ids, quantities)
select h.order_id, h.state, ts(h.hold_until), h.product_ids::bigint[], h.quantities::bigint[]
  from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[])
       as h (order_id, state, hold_until, product_ids, quantities)
on conflict (order_id) do update set state = excluded.state, updated_at = now();

-- The timers of orders that hold nothing any more. One that the runner has claimed is left to it.
-- name: hold_timers_drop
delete from job
 where id = any (array(
           select id from job where kind = 'hold_expire' and key = any ($1::text[]) and attempts = 0
              for update skip locked));

-- ---- idempotency ----

-- name: idempotency_find
select body_hash, status, reply from idempotency where user_id = $1::bigint and key = $2::text;

-- name: idempotency_insert
insert into idempotency (user_id, key, body_hash, status, reply)
values ($1::bigint, $2::text, $3::text, $4::int, $5::text);
