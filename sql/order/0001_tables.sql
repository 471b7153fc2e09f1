-- Orders: the narrow row that every step rewrites, and beside it what was said once and never changes.

-- Rewritten three or four times on the way to PAID: room in the page keeps the rewrites there (HOT), so no column of an
-- index may be one that changes.
create table orders (
    id uuid primary key,
    user_id bigint not null,
    status text not null default 'RECEIVED' check (status in (
        'RECEIVED', 'AWAITING_PAYMENT', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'FAILED', 'REFUNDED')),
    payment_status text not null default 'none' check (payment_status in (
        'none', 'pending', 'challenged', 'success', 'failed', 'expired', 'refund_due', 'refunded')),
    version integer not null default 1,
    cancel_reason text,
    payment_url text,
    payment_expires_at timestamptz
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
-- Ids rise with time: newest first is backwards through this.
create index orders_of_user on orders (user_id, id);

-- What the customer agreed to. The lines and the address are kept as OrderCreated told them.
create table order_details (
    order_id uuid primary key, -- of orders; one statement's work of checking it saved: both rows are born together
    number text not null,
    email text not null,
    username text not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    subtotal bigint not null check (subtotal between 0 and 999999999999),
    shipping bigint not null check (shipping between 0 and 999999999999),
    total bigint generated always as (subtotal + shipping) stored,
    items text not null check (items like '[{%}]'),
    shipping_address text check (shipping_address like '{%}'),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint total_is_bounded check (subtotal + shipping <= 999999999999)
);

-- Each status an order took after RECEIVED: its version says the order of them.
create table order_history (
    order_id uuid not null,
    version integer not null,
    status text not null,
    reason text,
    at timestamptz not null,
    primary key (order_id, version)
);

-- Numbers people read aloud: blocks of 1024 are handed to processes, which scramble them (order.c).
create sequence order_number_block minvalue 0 maxvalue 1048575 cycle;

-- Same key, same answer. Swept when a day old.
create table idempotency (
    user_id bigint not null,
    key text not null,
    body_hash bytea not null,
    order_id uuid not null,
    made_at timestamptz not null,
    primary key (user_id, key)
);
create index idempotency_by_age on idempotency using brin (made_at);

-- Our own copy of what product tells, so that an order needs no call to it.
create table catalogue (
    product_id bigint primary key,
    version bigint not null,
    name text not null,
    price bigint not null check (price between 0 and 999999999999),
    currency text not null,
    weight_grams bigint not null,
    active boolean not null
);
