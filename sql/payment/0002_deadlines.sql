-- Deadlines are found where they stand, once they have passed. A job for each payment would be written, claimed and removed
-- for nothing: nearly all are paid before. The index is no reason to move a row, for deadlines never change.
create index payment_by_deadline on payment (expires_at);

-- Up to when they have been looked for.
create table deadlines_swept (
    one boolean primary key default true check (one),
    until timestamptz not null
);
insert into deadlines_swept (until) values (now());
