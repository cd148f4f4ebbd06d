-- Where the rows that are there end and the partitions begin: the start of this day if there is no row, else far
-- enough ahead that an engine which writes meanwhile stays below it. Once the bound is known to hold
-- (3_proof.sql), the table becomes a partition without being read again under a lock.
create table if not exists partitioned (
    name        text primary key,
    time_column text not null,
    first       timestamptz not null,
    keep        interval
);

do $$
declare
    piece record;
    is_empty boolean;
    first timestamptz;
begin
    for piece in select * from (values ('event', 'ts_last'), ('sweep', 'ts')) as piece (name, time_column)
    loop
        if (select relkind from pg_class where oid = piece.name::regclass) = 'p' then
            return;
        end if;
        execute format('select not exists (select from %I)', piece.name) into is_empty;
        first := date_trunc('day', now() at time zone 'UTC') at time zone 'UTC';
        if not is_empty then
            first := first + interval '48 hours';
        end if;
        insert into partitioned (name, time_column, first)
        values (piece.name, piece.time_column, first)
        on conflict (name) do update set first = excluded.first;
        execute format('alter table %I drop constraint if exists %I', piece.name, piece.name || '_before_partitions');
        execute format('alter table %I add constraint %I check (%I < %L) not valid',
            piece.name, piece.name || '_before_partitions', piece.time_column, first);
    end loop;
end
$$;
