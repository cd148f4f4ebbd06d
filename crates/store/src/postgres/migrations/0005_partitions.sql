-- Sweeps and events in partitions by time: what is old goes by dropping whole tables, and a question
-- about a day reads that day.
--
-- There is no default partition, for with one PostgreSQL would not read partitions in the order of
-- time, and "the youngest row" would look into all of them. Instead two open ends, …_past and
-- …_ahead, take what is outside the days, so that no row ever fails for want of a partition.

-- The rows that are there become the past; before_0005 has proved that they end at the bound.
alter table sweep rename to sweep_past;
alter index sweep_by_layout rename to sweep_past_by_layout;
alter table event rename to event_past;
alter index event_by_layout rename to event_past_by_layout;

create table sweep (
    layout       bigint not null,
    ts           timestamptz not null,
    received     timestamptz not null,
    time_quality smallint,
    value        double precision[] not null,
    quality      integer[]
) partition by range (ts);
create index sweep_by_layout on sweep (layout, ts);
comment on table sweep is
    'All points of a layout at one instant, one row for each poll answered, in partitions by ts. Query the view reading instead.';
comment on column sweep.layout is 'Which points stand where in the arrays.';
comment on column sweep.ts is 'When the values were true, at the source; that of reception where time_quality says so.';
comment on column sweep.received is 'When the engine had the last byte.';
comment on column sweep.time_quality is
    'How far ts may be trusted: null synchronised, 1 the source''s clock is not synchronised, 2 the source gave no time and ts is that of reception, 3 the source''s time lay more than 5 minutes ahead and ts is that of reception.';
comment on column sweep.value is 'One value for each point of the layout; null if it was not a number.';
comment on column sweep.quality is
    'One set of flags for each value, see quality_names; null if all are good.';

create table event (
    layout   bigint not null,
    ts_first timestamptz not null,
    ts_last  timestamptz not null,
    received timestamptz not null,
    point    integer[] not null,
    lag      integer[] not null,
    value    double precision[] not null,
    quality  integer[],
    constraint event_covers_ten_minutes_at_most
        check (ts_last <= ts_first + interval '10 minutes')
) partition by range (ts_last);
create index event_by_layout on event (layout, ts_last, ts_first);
comment on table event is
    'Changes with their own times, in packs of one device in order of arrival, in partitions by ts_last. Query the view reading instead.';
comment on column event.layout is 'Which point stands at which position.';
comment on column event.ts_first is 'The earliest time in the pack.';
comment on column event.ts_last is
    'The latest time in the pack, at most 10 minutes after ts_first: so that a search in the past ends.';
comment on column event.received is 'When the engine had the last byte.';
comment on column event.point is 'For each event, its point''s position in the layout.';
comment on column event.lag is 'For each event, the microseconds from ts_first to its time.';
comment on column event.value is 'For each event, its value; null if it was not a number.';
comment on column event.quality is
    'For each event, its flags, see quality_names; null if all are good.';

alter table event_ahead
    add constraint event_covers_ten_minutes_at_most
        check (ts_last <= ts_first + interval '10 minutes');

do $$
declare
    piece partitioned;
begin
    for piece in select * from partitioned order by name
    loop
        execute format('alter table %I attach partition %I for values from (minvalue) to (%L)',
            piece.name, piece.name || '_past', piece.first);
        execute format('alter table %I drop constraint %I', piece.name || '_past', piece.name || '_before_partitions');
        execute format('alter table %I attach partition %I for values from (%L) to (maxvalue)',
            piece.name, piece.name || '_ahead', piece.first);
        execute format('comment on table %I is %L', piece.name || '_past',
            'The rows of ' || piece.name || ' from before its first day.');
        execute format('comment on table %I is %L', piece.name || '_ahead',
            'The rows of ' || piece.name || ' from after its last day: empty as long as days are made in time.');
    end loop;
end
$$;
alter table partitioned drop column first;

-- Who could use the tables before can use them now.
do $$
declare
    granted record;
begin
    for granted in
        select piece.relname as name, given.privilege_type as privilege,
            case given.grantee when 0 then 'public' else given.grantee::regrole::text end as role
        from (values ('event'), ('sweep')) as owner (name)
        join pg_class as piece on piece.oid = (owner.name || '_past')::regclass
        cross join lateral aclexplode(piece.relacl) as given
        where given.grantee <> piece.relowner
    loop
        execute format('grant %s on %I to %s', granted.privilege, replace(granted.name, '_past', ''), granted.role);
    end loop;
end
$$;
comment on table partitioned is 'The tables whose partitions are made ahead and dropped when they are old.';
comment on column partitioned.name is 'The table.';
comment on column partitioned.time_column is 'The column its partitions are ranges of.';
comment on column partitioned.keep is
    'How long its rows are kept; null: as long as upkeep_rule says.';

create table upkeep_rule (
    is_only boolean primary key default true check (is_only),
    width   text not null default 'day' check (width in ('day', 'hour')),
    keep    interval check (keep >= interval '1 day')
);
insert into upkeep_rule default values;
comment on table upkeep_rule is
    'How partitions are made and how long readings are kept. Its owner sets it, by gridos migrate: the role that writes cannot shorten what is kept.';
comment on column upkeep_rule.is_only is 'There is one row.';
comment on column upkeep_rule.width is 'What a new partition covers: day or hour, in UTC.';
comment on column upkeep_rule.keep is 'How long readings are kept by their own time; null: for ever.';

create view partition_span (table_name, name, from_ts, until_ts) as
select
    bound.table_name,
    bound.name,
    case bound.edges[1] when 'MINVALUE' then '-infinity' else trim(bound.edges[1], '''')::timestamptz end,
    case bound.edges[2] when 'MAXVALUE' then 'infinity' else trim(bound.edges[2], '''')::timestamptz end
from (
    select
        partitioned.name as table_name,
        piece.relname::text as name,
        regexp_match(pg_get_expr(piece.relpartbound, piece.oid), 'FROM \((.+)\) TO \((.+)\)') as edges
    from partitioned
    join pg_inherits on pg_inherits.inhparent = to_regclass(quote_ident(partitioned.name))
    join pg_class as piece on piece.oid = pg_inherits.inhrelid
) as bound;
comment on view partition_span is 'The partitions there are, and what they cover.';
comment on column partition_span.table_name is 'The table, one of partitioned.';
comment on column partition_span.name is 'The partition, a table itself.';
comment on column partition_span.from_ts is 'The first instant in it; -infinity for the open end.';
comment on column partition_span.until_ts is
    'The first instant no longer in it; infinity for the open end.';

create function partition_holes()
returns table (table_name text, from_ts timestamptz, until_ts timestamptz)
language sql stable
as $$
    select edge.table_name, edge.until_ts, edge.next
    from (
        select
            span.table_name,
            span.until_ts,
            lead(span.from_ts) over (partition by span.table_name order by span.from_ts, span.until_ts) as next
        from (
            select table_name, from_ts, until_ts from partition_span
            union all select name, '-infinity', '-infinity' from partitioned
            union all select name, 'infinity', 'infinity' from partitioned
        ) as span
    ) as edge
    where edge.until_ts < edge.next
    order by edge.table_name, edge.until_ts
$$;
comment on function partition_holes() is
    'Spans without a partition, as somebody leaves who drops one by hand: rows for them are refused until make_partition has filled them.';

-- Makes an empty table for rows of a partitioned one, under a name that nobody has.
create function new_partition(of_table text, from_ts timestamptz, until_ts timestamptz) returns text
language plpgsql
set datestyle = 'ISO' set timezone = 'UTC'
as $$
declare
    base constant text := of_table || case
        when from_ts = '-infinity' then '_past'
        when until_ts = 'infinity' then '_ahead'
        when from_ts = date_trunc('day', from_ts) then to_char(from_ts, '_YYYYMMDD')
        else to_char(from_ts, '_YYYYMMDD"T"HH24MI')
    end;
    piece text := base;
    suffix integer := 1;
begin
    while to_regclass(quote_ident(piece)) is not null loop
        suffix := suffix + 1;
        piece := base || '_' || suffix;
    end loop;
    execute format('create table %I (like %I including all)', piece, of_table);
    execute format('comment on table %I is %L', piece,
        format('The rows of %s from %s until %s.', of_table, from_ts, until_ts));
    return piece;
end
$$;
comment on function new_partition(text, timestamptz, timestamptz) is
    'A step of make_partition, and of drop_partitions.';

create function attach_partition(to_table text, piece text, from_ts timestamptz, until_ts timestamptz)
returns void
language plpgsql
set datestyle = 'ISO' set timezone = 'UTC'
as $$
begin
    execute format('alter table %I attach partition %I for values from (%s) to (%s)', to_table, piece,
        case when from_ts = '-infinity' then 'minvalue' else quote_literal(from_ts) end,
        case when until_ts = 'infinity' then 'maxvalue' else quote_literal(until_ts) end);
end
$$;
comment on function attach_partition(text, text, timestamptz, timestamptz) is
    'A step of make_partition, and of drop_partitions.';

-- Days are cut off the open end; what is in it of the new day moves, which is normally nothing.
-- The first pass, over rows that should not be there, still lets everybody write.
create function cut_partition(of_table text, width text) returns text
language plpgsql
set datestyle = 'ISO' set timezone = 'UTC'
as $$
declare
    ahead constant partition_span := span from partition_span as span
        where span.table_name = of_table and span.until_ts = 'infinity';
    time_column constant text := owner.time_column from partitioned as owner where owner.name = of_table;
    step constant interval := ('1 ' || width)::interval;
    lower constant timestamptz := ahead.from_ts;
    -- After a long pause one piece spans it, else there would be a table for each day of it.
    upper constant timestamptz := greatest(
        date_trunc(width, lower) + step, date_trunc(width, now()) - 7 * step);
    piece constant text := new_partition(of_table, lower, upper);
begin
    for pass in 1..2 loop
        if pass = 2 then
            execute format('alter table %I detach partition %I', of_table, ahead.name);
        end if;
        execute format(
            'with moved as (delete from %I where %I < %L returning *) insert into %I select * from moved',
            ahead.name, time_column, upper, piece);
    end loop;
    perform attach_partition(of_table, piece, lower, upper);
    perform attach_partition(of_table, ahead.name, upper, 'infinity');
    return piece;
end
$$;
comment on function cut_partition(text, text) is 'A step of make_partition.';

create function make_partition(ahead integer) returns text
language plpgsql security definer
set lock_timeout = '1s' set datestyle = 'ISO' set timezone = 'UTC'
as $$
declare
    width constant text := rule.width from upkeep_rule as rule;
    hole record;
    piece text;
    short text;
begin
    -- Another engine, or a migration, is at it.
    if not pg_try_advisory_xact_lock(78418742103891) then
        return null;
    end if;
    select * into hole from partition_holes() limit 1;
    if found then
        if hole.from_ts = '-infinity' and hole.until_ts = 'infinity' then
            hole.until_ts := date_trunc(width, now());
        end if;
        piece := new_partition(hole.table_name, hole.from_ts, hole.until_ts);
        perform attach_partition(hole.table_name, piece, hole.from_ts, hole.until_ts);
        return piece;
    end if;
    select span.table_name into short
    from partition_span as span
    where span.until_ts = 'infinity'
        and span.from_ts < date_trunc(width, now()) + (least(ahead, 1000) + 1) * ('1 ' || width)::interval
    order by span.table_name
    limit 1;
    if short is null then
        return null;
    end if;
    return cut_partition(short, width);
end
$$;
comment on function make_partition(integer) is
    'Makes one partition that is missing, so that there are so many whole ones after the present one, and returns its name; null if none is missing. Waits a second at most for those who use the table.';

-- Whoever has rights on these functions has no others by them: they find their tables here only.
do $$
declare
    name text;
begin
    foreach name in array array[
        'partition_holes()',
        'new_partition(text, timestamptz, timestamptz)',
        'attach_partition(text, text, timestamptz, timestamptz)',
        'cut_partition(text, text)',
        'make_partition(integer)'
    ] loop
        execute format('alter function %s set search_path = %I, pg_temp', name, current_schema());
        execute format('revoke all on function %s from public', name);
    end loop;
end
$$;

-- The views read the new tables.

create or replace view sweep_reading (point, ts, value, quality) as
select
    point.name,
    sweep.ts,
    sweep.value[layout_point.position + 1],
    coalesce(sweep.quality[layout_point.position + 1], 0)
        | case sweep.time_quality when 1 then 524288 when 2 then 1048576 when 3 then 2097152 else 0 end
from point
join layout_point on layout_point.point = point.id
join sweep on sweep.layout = layout_point.layout;
comment on view sweep_reading is 'The readings of the view reading that came as sweeps.';
comment on column sweep_reading.point is 'The full name, device.point.';
comment on column sweep_reading.ts is 'As in the view reading.';
comment on column sweep_reading.value is 'The value; null if it was not a number.';
comment on column sweep_reading.quality is 'As in the view reading.';

create or replace view event_reading (point, ts, value, quality, pack_first, pack_last) as
select
    point.name,
    event.ts_first + change.lag * interval '1 microsecond',
    change.value,
    coalesce(change.quality, 0),
    event.ts_first,
    event.ts_last
from point
join layout_point on layout_point.point = point.id
join event on event.layout = layout_point.layout and layout_point.position = any (event.point)
cross join lateral unnest(event.point, event.lag, event.value, event.quality)
    as change (position, lag, value, quality)
where change.position = layout_point.position;
comment on view event_reading is
    'The readings of the view reading that came as events, with the span of the pack they came in: a condition on pack_last finds them by index.';
comment on column event_reading.point is 'The full name, device.point.';
comment on column event_reading.ts is 'As in the view reading.';
comment on column event_reading.value is 'The value; null if it was not a number.';
comment on column event_reading.quality is 'As in the view reading.';
comment on column event_reading.pack_first is 'The earliest time in the pack.';
comment on column event_reading.pack_last is
    'The latest time in the pack, at most 10 minutes after pack_first.';

create or replace view reading (point, ts, value, quality) as
select point, ts, value, quality from sweep_reading
union all
select point, ts, value, quality from event_reading;
comment on view reading is
    'Every reading: where point = ''device.point'' and ts between … and …. Give a range of ts also with order by ts desc limit …, which alone reads the point''s whole history. For points with events, the function reading(point, from, until) reads only the partitions of its range.';

create or replace function reading(point text, from_ts timestamptz, until_ts timestamptz)
returns table (ts timestamptz, value double precision, quality integer)
language sql stable parallel safe
as $$
    select swept.ts, swept.value, swept.quality
    from sweep_reading as swept
    where swept.point = $1 and swept.ts >= $2 and swept.ts < $3
    union all
    select changed.ts, changed.value, changed.quality
    from event_reading as changed
    where changed.point = $1
        and changed.pack_last >= $2 and changed.pack_last < $3 + interval '10 minutes'
        and changed.pack_first < $3
        and changed.ts >= $2 and changed.ts < $3
$$;

-- Most points have a reading of the last week. Only of the others, and of layouts that were never
-- swept, would all partitions have to be asked.
create or replace view latest (point, ts, value, quality) as
select
    point.name,
    case when recent.ts is null then older.ts else recent.ts end,
    case when recent.ts is null then older.value else recent.value end,
    case when recent.ts is null then older.quality else recent.quality end
from point
left join lateral (
    select candidate.ts, candidate.value, candidate.quality
    from (
        select
            sweep.ts,
            sweep.value[layout_point.position + 1] as value,
            coalesce(sweep.quality[layout_point.position + 1], 0)
                | case sweep.time_quality
                    when 1 then 524288 when 2 then 1048576 when 3 then 2097152 else 0
                end as quality
        from layout_point
        cross join lateral (
            select ts, value, quality, time_quality
            from sweep
            where sweep.layout = layout_point.layout and ts >= now() - interval '7 days'
            order by ts desc
            limit 1
        ) as sweep
        where layout_point.point = point.id
        union all
        select latest_event.ts, latest_event.value, latest_event.quality
        from layout_point
        join latest_event
            on latest_event.layout = layout_point.layout
            and latest_event.position = layout_point.position
        where layout_point.point = point.id
            and latest_event.ts >= now() - interval '7 days'
    ) as candidate
    order by candidate.ts desc
    limit 1
) as recent on true
left join lateral (
    select candidate.ts, candidate.value, candidate.quality
    from (
        select
            sweep.ts,
            sweep.value[layout_point.position + 1] as value,
            coalesce(sweep.quality[layout_point.position + 1], 0)
                | case sweep.time_quality
                    when 1 then 524288 when 2 then 1048576 when 3 then 2097152 else 0
                end as quality
        from layout_point
        cross join lateral (
            select ts, value, quality, time_quality
            from sweep
            where sweep.layout = layout_point.layout
            order by ts desc
            limit 1
        ) as sweep
        where layout_point.point = point.id
        union all
        select latest_event.ts, latest_event.value, latest_event.quality
        from layout_point
        join latest_event
            on latest_event.layout = layout_point.layout
            and latest_event.position = layout_point.position
        where layout_point.point = point.id
    ) as candidate
    where recent.ts is null
    order by candidate.ts desc
    limit 1
) as older on true
where recent.ts is not null or older.ts is not null;

-- The present and the days ahead, before anybody writes.
do $$
begin
    while make_partition(3) is not null loop
    end loop;
end
$$;
