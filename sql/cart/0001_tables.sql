-- What the catalogue says of each product, as far as carts show it. Told by stream:products; carts live in Redis.

create table catalogue (
    product_id bigint primary key,
    version bigint not null,
    name text not null,
    price bigint not null check (price > 0),
    currency text not null,
    active boolean not null
);
