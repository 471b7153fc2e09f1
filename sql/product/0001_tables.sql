-- The catalogue, the stock, and what orders hold of it.

-- Forgives typing errors in a search. A trusted extension: the owner of the database may make it.
create extension if not exists pg_trgm;

create table category (
    id bigint generated always as identity primary key,
    name text not null check (length(name) between 1 and 100),
    slug text not null constraint category_slug_is_taken unique,
    parent_id bigint constraint category_parent references category (id),
    updated_at timestamptz not null default now(),
    check (parent_id <> id)
);
create index category_children on category (parent_id);

create table product (
    id bigint generated always as identity primary key,
    name text not null check (length(name) between 1 and 200),
    slug text not null,
    description text not null default '',
    price bigint not null check (price > 0),
    currency text not null default 'IDR' check (currency = 'IDR'),
    weight_grams bigint not null default 0 check (weight_grams >= 0),
    image_urls json not null default '[]',
    active boolean not null default true,
    removed boolean not null default false,
    version bigint not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    search tsvector not null generated always as (
        setweight(to_tsvector('indonesian', name), 'A') || setweight(to_tsvector('english', name), 'A') ||
        setweight(to_tsvector('indonesian', description), 'C') ||
        setweight(to_tsvector('english', description), 'C')) stored
);
-- A removed product leaves its slug to the next one.
create unique index product_slug_is_taken on product (slug) where not removed;
create index product_search on product using gin (search);
create index product_name_like on product using gin (name gin_trgm_ops);

-- Products whose name holds a word written nearly so: "lptop" finds a laptop. A function, for it brings its own
-- threshold: pg_trgm's of 0.6 forgives too little in short words. Its library is loaded first, so that whoever is not
-- a superuser may name its setting.
do $$ begin perform show_limit(); end $$;
create function product_spelt_like(words text) returns setof bigint
language sql stable parallel safe set pg_trgm.word_similarity_threshold = 0.45
as $$ select id from product where words <% name $$;

create table product_category (
    product_id bigint not null references product (id),
    category_id bigint not null constraint product_category_known references category (id) on delete cascade,
    primary key (product_id, category_id)
);
create index product_category_members on product_category (category_id, product_id);

-- Units of a product: free to sell, held for orders not yet paid, sold. A table of its own, of narrow rows: it is
-- written by every batch of orders. `stocked` is the sum of the product's movements.
create table stock (
    product_id bigint primary key references product (id),
    on_hand bigint not null default 0,
    held bigint not null default 0,
    sold bigint not null default 0,
    stocked bigint not null default 0,
    constraint stock_is_not_negative check (on_hand >= 0 and held >= 0 and sold >= 0),
    constraint stock_adds_up check (on_hand + held + sold = stocked)
) with (fillfactor = 50);

-- A product as the catalogue shows it.
create view product_card as
select p.id, p.name, p.slug, p.description, p.price, p.currency, p.weight_grams, p.image_urls, p.active, p.removed,
       p.version, us(p.created_at) as created_us, us(p.updated_at) as updated_us, s.on_hand, s.held, s.sold,
       (select json_agg(json_build_object('id', c.id, 'name', c.name, 'slug', c.slug) order by c.name, c.id)
          from product_category pc join category c on c.id = pc.category_id
         where pc.product_id = p.id) as categories
  from product p join stock s on s.product_id = p.id;

-- Why there are as many as there are: what an admin put in or took out.
create table stock_movement (
    id bigint generated always as identity primary key,
    product_id bigint not null references product (id),
    delta bigint not null check (delta <> 0),
    reason text not null,
    user_id bigint not null,
    at timestamptz not null default now()
);
create index stock_movement_of on stock_movement (product_id, id);

-- What one order holds, all its lines or none of them; workers/product/saga.h tells of the states. A row an order:
-- its lines never change, and only travel with it.
create table hold (
    order_id uuid primary key,
    state text not null check (state in ('held', 'sold', 'released', 'expired', 'restocked', 'refused')),
    hold_until timestamptz not null,
    product_ids bigint[] not null,
    quantities bigint[] not null,
    made_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check (cardinality(product_ids) > 0 and cardinality(product_ids) = cardinality(quantities)),
    check (0 < all (quantities))
) with (fillfactor = 75);

-- The answer to a POST that creates, so that its repetition gets the same one.
create table idempotency (
    user_id bigint not null,
    key text not null,
    body_hash text not null,
    status integer not null,
    reply text not null,
    made_at timestamptz not null default now(),
    constraint idempotency_key_is_used primary key (user_id, key)
);
