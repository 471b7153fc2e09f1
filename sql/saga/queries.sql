-- Statements of the saga machinery; every domain's binary has them. Times are microseconds.

-- ---- outbox ----

-- name: saga_outbox_insert
insert into outbox (stream, partition, id, type, source, subject, time, traceparent, data)
select e.stream, e.partition::smallint, e.id, e.type, $5::text, e.subject, ts($6::bigint), e.traceparent, e.data
  from unnest($1::text[], $2::bigint[], $3::uuid[], $4::text[], $7::text[], $8::text[], $9::text[])
       as e (stream, partition, id, type, subject, traceparent, data);

-- Rows after a position, in order. A row is ripe once no transaction older than it can still commit. One of a
-- transaction that this server has not reached came with a dump of another.
-- name: saga_outbox_after
select xid::text, seq, id, type, source, subject, us(time), traceparent, data,
       xid < pg_snapshot_xmin(pg_current_snapshot()) as ripe, xid >= pg_snapshot_xmax(pg_current_snapshot()) as alien
  from outbox
 where stream = $1::text and partition = $2::smallint and (xid, seq) > ($3::xid8, $4::bigint)
 order by outbox.xid, outbox.seq -- the columns, not the text of the same name above
 limit $5::int;

-- Is this row ours, and if not, is it older than all that is kept? Where nothing is kept, because nothing was told for
-- longer than that, it must at least be from a time this database has seen.
-- name: saga_outbox_knows
select exists (select from outbox
                where stream = $1::text and partition = $2::smallint and xid = $3::xid8 and seq = $4::bigint
                  and xid < pg_snapshot_xmax(pg_current_snapshot())),
       coalesce((select (xid, seq) > ($3::xid8, $4::bigint) from outbox
                  where stream = $1::text and partition = $2::smallint
                  order by xid, seq limit 1),
                $3::xid8 < pg_snapshot_xmax(pg_current_snapshot())
                and $4::bigint <= coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'seq')::regclass), 0));

-- The row that so many newer ones follow; none when there are fewer.
-- name: saga_outbox_before_newest
select xid::text, seq from outbox
 where stream = $1::text and partition = $2::smallint and xid < pg_snapshot_xmin(pg_current_snapshot())
 order by outbox.xid desc, outbox.seq desc offset $3::bigint limit 1;

-- name: saga_outbox_turn
select outbox_turn($1::int);

-- ---- heard ----

-- name: saga_heard_open
insert into heard (stream, partition) values ($1::text, $2::smallint) on conflict do nothing;

-- name: saga_heard_get
select xid, seq from heard where stream = $1::text and partition = $2::smallint;

-- Moves a position from where its hearer believes it to be, or fails: then another hearer has been here.
-- name: saga_heard_advance
with moved as (
    update heard set xid = $5::bigint, seq = $6::bigint, moved_at = now()
     where stream = $1::text and partition = $2::smallint and xid = $3::bigint and seq = $4::bigint
    returning stream
)
select lost('position moved by another hearer', '40001') where not exists (select from moved);

-- ---- job ----

-- name: saga_job_insert
insert into job (kind, key, subject, due_at, state, reason, traceparent, payload)
select j.kind, j.key, j.subject, ts(j.due_us), j.state, j.reason, j.traceparent, j.payload
  from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[])
       as j (kind, key, subject, due_us, state, reason, traceparent, payload)
on conflict (kind, key) do nothing;

-- Likewise, but one that is there already is done again, however it stands: what a run under way has learnt may be too old,
-- and its claim no longer holds.
-- name: saga_job_insert_anew
insert into job (kind, key, subject, due_at, state, reason, traceparent, payload)
select j.kind, j.key, j.subject, ts(j.due_us), j.state, j.reason, j.traceparent, j.payload
  from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[])
       as j (kind, key, subject, due_us, state, reason, traceparent, payload)
on conflict (kind, key) do update
   set due_at = excluded.due_at, state = excluded.state, reason = excluded.reason, traceparent = excluded.traceparent,
       payload = excluded.payload, attempts = job.attempts + 1;

-- A claim is a lease: due again when it runs out.
-- name: saga_job_claim
with due as (
    select job.id, k.lease_us
      from job join unnest($1::text[], $2::bigint[]) as k (kind, lease_us) using (kind)
     where state = 'due' and due_at <= now()
     order by due_at
     limit $3::int
       for update of job skip locked
)
update job
   set attempts = attempts + 1, due_at = now() + due.lease_us * interval '1 microsecond'
  from due
 where job.id = due.id
returning job.id, kind, key, subject, attempts, traceparent, payload;

-- Fails when one of them was claimed by another meanwhile: then nothing of this transaction may stand.
-- name: saga_job_finish
with done as (
    delete from job using unnest($1::bigint[], $2::bigint[]) as d (id, claim)
     where job.id = d.id and job.attempts = d.claim
       and job.id = any ($1::bigint[]) -- keeps the planner on the key while the table is young
    returning job.id
)
select lost('a job was claimed by another', '23000') where (select count(*) from done) <> cardinality($1::bigint[]);

-- Fails likewise.
-- name: saga_job_put_off
with later as (
    update job
       set due_at = ts(l.due_us), attempts = l.attempts::int, state = l.state, reason = l.reason
      from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])
           as l (id, claimed, attempts, due_us, state, reason)
     where job.id = l.id and job.attempts = l.claimed and job.id = any ($1::bigint[])
    returning 1
)
select lost('a job was claimed by another', '23000') where (select count(*) from later) <> cardinality($1::bigint[]);

-- name: saga_parked_any
select exists (select from job where kind = $1::text);

-- name: saga_parked_subjects
select distinct subject from job where kind = $1::text and subject = any ($2::text[]);

-- name: saga_parked_before
select exists (select from job where kind = $1::text and subject = $2::text and id < $3::bigint);

-- name: saga_job_list
select id, kind, key, subject, state, attempts, us(due_at), reason from job
 where ($1::text = '' or state = $1::text) and id > $2::bigint order by id limit 100;

-- name: saga_job_show
select id, kind, key, subject, state, attempts, us(due_at), reason, payload from job where id = $1::bigint;

-- name: saga_job_retry
update job set state = 'due', due_at = now(), attempts = 0 where id = $1::bigint;

-- What is dead, or an event that waits for what will never come. Timers and calls are owed.
-- name: saga_job_drop
delete from job where id = $1::bigint and (state = 'dead' or kind like 'hear:%');
