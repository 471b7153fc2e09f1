-- The three tables that carry a saga: what we said, what we heard, what we owe.

-- Times cross the wire as microseconds since 1970, UTC. Stable, because what they call is: as immutable ones they would not
-- be inlined, and a call costs more than the row it is for.
create function us(t timestamptz) returns bigint
language sql stable strict parallel safe
return (extract(epoch from t) * 1000000)::bigint;

create function ts(us bigint) returns timestamptz
language sql stable strict parallel safe
return timestamptz 'epoch' + make_interval(secs => (us / 1000000)::double precision)
       + (us % 1000000) * interval '1 microsecond';

-- What we said. Append-only; a row's (xid, seq) is its entry's id in the stream. The transaction id is the order in
-- which rows become safe to read; the sequence orders the rows of one transaction.
create table outbox (
    xid xid8 not null default pg_current_xact_id(),
    seq bigint generated always as identity,
    stream text not null,
    partition smallint not null,
    id uuid not null,
    type text not null,
    source text not null,
    subject text not null,
    time timestamptz not null,
    traceparent text,
    data text not null
) partition by range (time);
create index outbox_in_order on outbox (stream, partition, xid, seq);
create table outbox_rest partition of outbox default; -- catches rows when nobody turned the calendar

-- Turns the calendar: makes the daily partitions two days ahead (no more: every reading of the outbox looks into each) and
-- drops those that are `keep_days` old. Cheap when there is nothing to do. It catches up when nobody turned it for days: rows
-- written meanwhile stand in the default partition, and no partition can be made for a day that has rows there.
-- Whoever waits for a lock that excludes all others makes all others wait behind it: the calendar can wait for a dump of
-- the database to end, those who write cannot. Hence the short lock_timeout.
create function outbox_turn(keep_days int) returns void
language plpgsql
set lock_timeout = '200ms' as $$
declare
    day timestamptz;
    name text;
    old record;
begin
    for day in select generate_series(date_trunc('day', now()), date_trunc('day', now()) + interval '2 days',
                                      interval '1 day') loop
        name := 'outbox_' || to_char(day, 'YYYYMMDD');
        continue when to_regclass(name) is not null;
        if not exists (select from outbox_rest where time >= day and time < day + interval '1 day') then
            execute format('create table %I partition of outbox for values from (%L) to (%L)',
                           name, day, day + interval '1 day');
            continue;
        end if;
        alter table outbox detach partition outbox_rest;
        execute format('create table %I partition of outbox for values from (%L) to (%L)',
                       name, day, day + interval '1 day');
        insert into outbox overriding system value
        select * from outbox_rest where time >= day and time < day + interval '1 day';
        delete from outbox_rest where time >= day and time < day + interval '1 day';
        alter table outbox attach partition outbox_rest default;
    end loop;
    for old in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = 'outbox'::regclass and c.relname ~ '^outbox_[0-9]{8}$'
                  and to_date(right(c.relname, 8), 'YYYYMMDD') < current_date - keep_days loop
        execute format('drop table %I', old.relname);
    end loop;
    delete from outbox_rest where time < current_date - keep_days;
end $$;
select outbox_turn(7);

-- What we heard: the last entry absorbed of each partition of each stream.
create table heard (
    stream text not null,
    partition smallint not null,
    xid bigint not null default 0,
    seq bigint not null default 0,
    moved_at timestamptz not null default now(),
    primary key (stream, partition)
);

-- What a statement calls when another has been quicker: nothing of the transaction may stand. The statements themselves
-- are plain SQL, because they are in every transaction of a hearer, and one inside a function costs three times as much.
-- code says whether to try again ('40001': read the position anew) or to leave it to the other ('23000').
create function lost(what text, code text) returns void
language plpgsql as $$
begin
    raise exception '%', what using errcode = code;
end $$;

-- What we owe: timers, calls to the world, parked events, dead letters.
create table job (
    id bigint generated always as identity primary key,
    kind text not null,
    key text not null,
    subject text not null,
    due_at timestamptz not null,
    attempts integer not null default 0,
    state text not null default 'due' check (state in ('due', 'dead')),
    reason text,
    traceparent text,
    payload text not null,
    made_at timestamptz not null default now(),
    unique (kind, key)
);
create index job_due on job (due_at) where state = 'due';
-- Parked and dead events: later events of their subjects wait behind them.
create index job_parked on job (kind, subject) where kind like 'hear:%';
