-- Statements of the payment domain. Times are microseconds; lists come as arrays, one element a row.

-- name: payment_lock
select order_id, attempt_id, state, version, user_id, amount, refunded, currency, us(expires_at), transaction_id, method,
       reason
  from payment
 where order_id = any($1::uuid[])
 order by order_id
   for update;

-- name: payment_add
with b as (
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[],
                         $8::text[], $9::text[], $10::text[], $11::bigint[], $12::text[])
           as b (order_id, attempt_id, state, user_id, amount, currency, expires_us, number, email, username, shipping,
                 lines)
), billed as (
    insert into bill (order_id, number, email, username, shipping, lines)
    select order_id, number, email, username, shipping, lines from b
    on conflict do nothing
)
insert into payment (order_id, attempt_id, state, user_id, amount, currency, expires_at)
select order_id, attempt_id, state, user_id, amount, currency, ts(expires_us) from b
on conflict do nothing;

-- name: payment_save
update payment p
   set state = u.state, version = p.version + 1, refunded = u.refunded, transaction_id = u.transaction_id,
       method = u.method, reason = u.reason, changed_at = now()
  from unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[])
       as u (order_id, version, state, refunded, transaction_id, method, reason)
 where p.order_id = u.order_id and p.version = u.version;

-- name: attempt_add
insert into attempt (id, order_id, token, redirect_url)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
on conflict (id) do update set token = excluded.token, redirect_url = excluded.redirect_url;

-- name: refusal_add
insert into refusal (attempt_id, transaction_id, status, method)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
on conflict do nothing;

-- name: open_item_add
insert into open_item (order_id, kind, ref, amount, currency, detail)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
on conflict do nothing;

-- Reviews that ended and refunds that were paid need nobody any more.
-- name: open_item_settle
update open_item
   set resolved_at = now(), resolved_by = 'payment'
 where order_id = any($1::uuid[]) and kind in ('challenge', 'refund_due') and resolved_at is null;

-- What a notification is about.
-- name: payment_by_attempt
select order_id, attempt_id, state, version, user_id, amount, refunded, currency, us(expires_at), transaction_id, method,
       reason
  from payment
 where attempt_id = any($1::uuid[]);

-- All that a call to the provider needs.
-- name: payment_brief
select p.order_id, p.attempt_id, p.state, p.version, p.user_id, p.amount, p.refunded, p.currency, us(p.expires_at),
       p.transaction_id, p.method, p.reason,
       b.number, b.email, b.username, b.shipping, b.lines, a.token
  from payment p
  join bill b using (order_id)
  left join attempt a on a.id = p.attempt_id
 where p.order_id = any($1::uuid[]);

-- name: payment_get
select p.order_id, p.attempt_id, p.state, p.version, p.user_id, p.amount, p.refunded, p.currency, us(p.expires_at),
       p.transaction_id, p.method, p.reason, a.redirect_url, us(p.changed_at)
  from payment p
  left join attempt a on a.id = p.attempt_id
 where p.order_id = $1::uuid;

-- name: refusal_list
select transaction_id, status, method, us(at) from refusal where attempt_id = $1::uuid order by at limit 50;

-- name: open_item_list
select id, order_id, kind, ref, amount, currency, detail, us(made_at)
  from open_item
 where resolved_at is null and id > $1::bigint
 order by id
 limit $2::int;

-- name: open_item_get
select id, order_id, kind, ref, amount, currency, detail, us(made_at)
  from open_item
 where id = $1::bigint and resolved_at is null;

-- name: open_item_resolve
update open_item
   set resolved_at = now(), resolved_by = $2::text, note = $3::text
 where id = $1::bigint and resolved_at is null;

-- The payments whose deadline has passed since the last look and that it still concerns; the next look begins after them.
-- At most $1 at a time, and those at the same microsecond as the last one again.
-- name: deadlines_sweep
with passed as (
    select order_id, expires_at from payment
     where expires_at >= (select until from deadlines_swept) and expires_at <= now()
       and state in ('WAITING', 'CHARGING', 'PENDING', 'CHALLENGED')
     order by expires_at
     limit $1::bigint
), swept as (
    update deadlines_swept
       set until = case when (select count(*) from passed) < $1::bigint then now()
                        else (select max(expires_at) from passed) end
)
select order_id from passed;
