-- Statements of the user service. Times are microseconds; refresh tokens come as their digests.

-- ---- accounts ----

-- name: user_account_insert
insert into account (email, username, password_hash, role, email_verified, registration_key, created_at, updated_at)
values ($1::text, $2::text, $3::text, $4::text, $5::boolean, $6::text, ts($7::bigint), ts($7::bigint))
returning id;

-- name: user_account_by_email
select id, email, username, role, full_name, phone, email_verified, disabled, us(created_at), password_hash,
       registration_key
  from account where email = $1::text;

-- name: user_account_by_id
select id, email, username, role, full_name, phone, email_verified, disabled, us(created_at), password_hash,
       registration_key
  from account where id = $1::bigint;

-- Null leaves a field as it is, an empty text clears it.
-- name: user_account_edit
update account
   set full_name = case when $2::text is null then full_name else nullif($2::text, '') end,
       phone = case when $3::text is null then phone else nullif($3::text, '') end,
       updated_at = ts($4::bigint)
 where id = $1::bigint and not disabled
returning id, email, username, role, full_name, phone, email_verified, disabled, us(created_at), password_hash,
          registration_key;

-- The old hash is the version it was read at.
-- name: user_account_set_password
update account set password_hash = $3::text, updated_at = ts($4::bigint)
 where id = $1::bigint and password_hash = $2::text and not disabled;

-- ---- sessions ----

-- A log-in: refused (no row) when guesses that ran beside this one have blocked the client, or when the password was
-- changed or the account disabled since it was verified. The client is known from now on. A little is swept up:
-- sessions that have expired, and the oldest of an account that has very many.
-- name: user_session_open
with holder as (
    select id from account
     where id = $1::bigint and password_hash = $2::text and not disabled
       for share
), client as (
    insert into login_guard as g (key, known_until, forget_at)
    select $3::text, ts($7::bigint), ts($7::bigint) from holder
    on conflict (key) do update
       set failures = 0, known_until = excluded.known_until, forget_at = excluded.forget_at
     where g.blocked_until <= ts($6::bigint)
    returning key
), opened as (
    insert into session (id, account_id, created_at, expires_at)
    select $4::uuid, holder.id, ts($6::bigint), ts($8::bigint) from holder, client
    returning id
), swept as (
    delete from session
     where id = any (array(select id from session where expires_at <= ts($6::bigint) limit 20 for update skip locked)
                     || array(select id from session where account_id = $1::bigint order by id desc offset 99))
)
insert into refresh_token (hash, session_id, issued_at)
select $5::text, opened.id, ts($6::bigint) from opened
returning session_id;

-- A refresh: the token is spent and its successor made, or there is no row. The session's lock comes first, as it
-- does where a session is deleted; of two that spend the same token the second finds it spent.
-- name: user_session_rotate
with family as materialized (
    select s.id, s.account_id
      from refresh_token t join session s on s.id = t.session_id
     where t.hash = $1::text and s.expires_at > ts($3::bigint)
       for update of s
), spent as (
    update refresh_token t set used_at = clock_timestamp()
      from family join account a on a.id = family.account_id
     where t.hash = $1::text and t.session_id = family.id and t.used_at is null
       and t.issued_at > ts($4::bigint) and not a.disabled
    returning t.session_id, a.id as account_id, a.email, a.username, a.role
), forgotten as (
    delete from refresh_token
     where session_id = (select session_id from spent) and issued_at <= ts($4::bigint)
), longer as (
    update session s set expires_at = ts($5::bigint) from spent where s.id = spent.session_id
), made as (
    insert into refresh_token (hash, session_id, issued_at)
    select $2::text, session_id, ts($3::bigint) from spent
)
select account_id, email, username, role, session_id from spent;

-- The family of a token that was spent before this request came: somebody has a copy.
-- name: user_session_end_reused
delete from session s using refresh_token t
 where t.hash = $1::text and s.id = t.session_id and t.used_at <= ts($2::bigint)
returning s.account_id, s.id;

-- name: user_session_end
delete from session where id = $1::uuid and account_id = $2::bigint;

-- name: user_session_end_by_token
delete from session s using refresh_token t
 where t.hash = $1::text and s.id = t.session_id and s.account_id = $2::bigint;

-- All but one.
-- name: user_session_end_others
delete from session where account_id = $1::bigint and id is distinct from $2::uuid;

-- ---- the guard ----

-- name: user_guard_read
select g.failures, us(g.last_failure_at), us(g.blocked_until), us(g.known_until)
  from unnest($1::text[]) with ordinality as k (key, place) left join login_guard g using (key)
 order by k.place;

-- name: user_guard_make
insert into login_guard (key, forget_at) select key, ts($2::bigint) from unnest($1::text[]) as k (key) order by key
on conflict do nothing;

-- name: user_guard_lock
select key from login_guard where key = any ($1::text[]) order by key for update;

-- name: user_guard_write
update login_guard g
   set failures = n.failures, last_failure_at = ts(n.last_us), blocked_until = ts(n.blocked_us),
       forget_at = greatest(g.known_until, ts($5::bigint))
  from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as n (key, failures, last_us, blocked_us)
 where g.key = n.key;

-- name: user_guard_sweep
delete from login_guard
 where key = any (array(select key from login_guard where forget_at <= ts($1::bigint) order by forget_at limit 20
                           for update skip locked));
