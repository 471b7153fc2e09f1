-- What is owed for each order, and what the payment provider made of it.

-- The hot row: small, and none of its indexed columns ever changes, so that its updates stay on their page.
create table payment (
    order_id uuid primary key,
    attempt_id uuid not null unique, -- the order id that the provider knows
    state text not null check (state in ('WAITING', 'CHARGING', 'PENDING', 'SUCCESS', 'FAILED', 'EXPIRED', 'CHALLENGED',
                                         'VOID', 'REFUNDING', 'REFUNDED', 'REFUND_DUE')),
    version integer not null default 1,
    user_id bigint not null,
    amount bigint not null check (amount > 0),
    refunded bigint not null default 0 check (refunded between 0 and amount),
    currency text not null check (length(currency) = 3),
    expires_at timestamptz not null,
    transaction_id text, -- of the money that came
    method text,
    reason text,         -- of the last turn for the worse
    changed_at timestamptz not null default now()
) with (fillfactor = 70);

-- What the buyer's page shows; written once.
create table bill (
    order_id uuid primary key,
    number text not null,
    email text not null,
    username text not null,
    shipping bigint not null,
    lines text not null, -- JSON, as the order told it
    made_at timestamptz not null default now()
);

-- The provider's page for an attempt; written once, when it was accepted.
create table attempt (
    id uuid primary key,
    order_id uuid not null,
    token text not null,
    redirect_url text not null,
    made_at timestamptz not null default now()
);
create index attempt_of_order on attempt (order_id);

-- Tries that the bank or the provider refused, while the page lived on.
create table refusal (
    attempt_id uuid not null,
    transaction_id text not null,
    status text not null,
    method text,
    at timestamptz not null default now(),
    primary key (attempt_id, transaction_id, status)
);

-- What needs a person: refunds owed by hand, payments under review, money that does not fit.
create table open_item (
    id bigint generated always as identity primary key,
    order_id uuid not null,
    kind text not null,
    ref text not null, -- the transaction, or '': the same thing is told once
    amount bigint not null,
    currency text not null,
    detail text,
    made_at timestamptz not null default now(),
    resolved_at timestamptz,
    resolved_by text,
    note text,
    unique (order_id, kind, ref)
);
create index open_item_open on open_item (id) where resolved_at is null;
