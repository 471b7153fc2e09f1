-- The calendar catches up when nobody turned it for a week: rows that were written meanwhile stand in the default
-- partition, and no partition can be made for a day that has rows there. Two days ahead are enough, and no more, for every
-- reading of the outbox looks into each partition.
create or replace function outbox_turn(keep_days int) returns void
language plpgsql as $$
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
