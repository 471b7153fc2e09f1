-- Who there is, where they are logged in, and how often a password was tried in vain.

create table account (
    id bigint generated always as identity primary key,
    email text not null check (email = lower(email) and octet_length(email) between 6 and 254),
    username text not null check (char_length(username) between 3 and 64),
    password_hash text not null,
    role text not null default 'user' check (role in ('user', 'admin')),
    full_name text check (char_length(full_name) <= 100),
    phone text check (phone ~ '^\+[0-9]{8,15}$'),
    email_verified boolean not null default false,
    disabled boolean not null default false,
    registration_key text, -- of the request that made it: digest of address and Idempotency-Key
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index account_email on account (email);
create unique index account_username on account (lower(username));

-- A log-in and the family of refresh tokens that descends from it. A family that has ended is deleted.
create table session (
    id uuid primary key,
    account_id bigint not null references account,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index session_account on session (account_id, id);
create index session_expiry on session (expires_at);

-- Only digests: what is stolen from here opens nothing. A spent one is kept as long as it could have lived, so that
-- whoever shows it again is caught.
create table refresh_token (
    hash text primary key,
    session_id uuid not null references session on delete cascade,
    issued_at timestamptz not null,
    used_at timestamptz
);
create index refresh_token_session on refresh_token (session_id);

-- Failed passwords, by the digest of an address, or of an address and a client. 'epoch' stands for never.
create table login_guard (
    key text primary key,
    failures bigint not null default 0,
    last_failure_at timestamptz not null default 'epoch',
    blocked_until timestamptz not null default 'epoch',
    known_until timestamptz not null default 'epoch', -- until then this client is one that has logged in before
    forget_at timestamptz not null
);
create index login_guard_forget on login_guard (forget_at);
