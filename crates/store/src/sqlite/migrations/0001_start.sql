-- Ids are hashes of what they name, the same as in PostgreSQL. Times are text in UTC,
-- 'YYYY-MM-DD HH:MM:SS.ffffff', so that they sort and SQLite's date functions understand them.
-- Arrays are JSON text; positions count from 0.

create table device (
    id   integer primary key,
    name text not null unique
) strict;

create table point (
    id     integer primary key,
    device integer not null references device,
    -- The full name, device.point.
    name   text not null unique,
    unit   text not null
) strict;

create table layout (
    id     integer primary key,
    device integer not null references device
) strict;

create table layout_point (
    layout   integer not null references layout,
    position integer not null,
    point    integer not null references point,
    primary key (layout, position)
) strict, without rowid;
create index layout_point_by_point on layout_point (point);

-- All points of a layout at one instant.
create table sweep (
    id           integer primary key,
    layout       integer not null,
    -- When the values were true, at the source.
    ts           text not null,
    -- When the engine had the last byte.
    received     text not null,
    -- null: synchronised; 1: the source's clock is not; 2: the source gave no time.
    time_quality integer,
    -- One value for each point, null if it was not finite.
    value        text not null,
    -- One set of flags for each value; null if all are good.
    quality      text
) strict;
create index sweep_by_layout on sweep (layout, ts);

-- Changes with their own times, in packs that cover at most ten minutes.
create table event (
    id       integer primary key,
    layout   integer not null,
    ts_first text not null,
    ts_last  text not null,
    received text not null,
    -- For each event: its point's position in the layout, its time, its value, its flags.
    point    text not null,
    ts       text not null,
    value    text not null,
    quality  text
) strict;
create index event_by_layout on event (layout, ts_last, ts_first);

-- The youngest event of each point.
create table latest_event (
    id       integer primary key,
    layout   integer not null,
    position integer not null,
    ts       text not null,
    value    real,
    quality  integer not null,
    unique (layout, position)
) strict;

create table alarm_transition (
    id         integer primary key,
    point      integer not null,
    ts         text not null,
    received   text not null,
    -- normal, high, high_high, low or low_low.
    from_level text not null,
    to_level   text not null,
    value      real,
    quality    integer not null,
    -- Counts the point's alarms: one more each time it leaves normal.
    occurrence integer not null
) strict;
create index alarm_transition_by_point on alarm_transition (point, ts);
create index alarm_transition_by_time on alarm_transition (ts);

-- Spans of time in which readings of a device are known to be missing, and why.
create table gap (
    id       integer primary key,
    device   integer not null,
    from_ts  text not null,
    until_ts text not null,
    reason   text not null
) strict;
create index gap_by_device on gap (device, from_ts);

-- What the journal held and could not be stored as readings.
create table quarantine (
    id       integer primary key,
    stream   integer not null,
    position integer not null,
    readings integer not null,
    reason   text not null,
    -- The readings as JSON, if they could be decoded.
    record   text,
    -- The record as it stood in the journal, null if nothing was left of it.
    frame    blob,
    stored   text not null default current_timestamp
) strict;

-- How far each journal is stored: changed only together with the rows it speaks of.
create table stream_position (
    stream        integer primary key,
    position      integer not null,
    readings      integer not null,
    -- Of the readings, those in quarantine and those that were lost.
    quarantined   integer not null,
    lost          integer not null,
    -- Tells whether a journal that reaches the position is the one that was stored up to it.
    last_checksum integer
) strict;

-- Every reading: where point = 'device.point' and ts between … and …, or … order by ts desc
-- limit …. For sweeps each is a walk along an index; of a point that has events too, all events
-- of its device are looked at.
-- (The cast makes ts alike in both parts: only then does SQLite take an order into the parts.)
create view reading (point, ts, value, quality) as
select
    point.name,
    sweep.ts,
    sweep.value ->> layout_point.position,
    coalesce(sweep.quality ->> layout_point.position, 0)
        | case sweep.time_quality when 1 then 524288 when 2 then 1048576 else 0 end
from point
cross join layout_point on layout_point.point = point.id
cross join sweep on sweep.layout = layout_point.layout
union all
select
    point.name,
    cast(event.ts ->> change.key as text),
    event.value ->> change.key,
    coalesce(event.quality ->> change.key, 0)
from point
cross join layout_point on layout_point.point = point.id
cross join event on event.layout = layout_point.layout
cross join json_each(event.point) as change
where change.value = layout_point.position;

-- The youngest reading of each point: of the youngest sweep of each of its layouts, by id, and its
-- youngest events, by negative id, the youngest of all.
create view latest (point, ts, value, quality) as
select
    point.name,
    coalesce(sweep.ts, latest_event.ts),
    iif(point.winner > 0, sweep.value ->> layout_point.position, latest_event.value),
    coalesce(latest_event.quality, sweep.quality ->> layout_point.position, 0)
        | case sweep.time_quality when 1 then 524288 when 2 then 1048576 else 0 end
from (
    select
        point.id,
        point.name,
        (
            select candidate.winner
            from (
                select sweep.id as winner, sweep.ts as ts
                from layout_point
                cross join sweep on sweep.id = (
                    select youngest.id
                    from sweep as youngest
                    where youngest.layout = layout_point.layout
                    order by youngest.ts desc
                    limit 1
                )
                where layout_point.point = point.id
                union all
                select -latest_event.id, latest_event.ts
                from layout_point
                cross join latest_event
                    on latest_event.layout = layout_point.layout
                    and latest_event.position = layout_point.position
                where layout_point.point = point.id
            ) as candidate
            order by candidate.ts desc
            limit 1
        ) as winner
    from point
) as point
left join sweep on sweep.id = point.winner
left join layout_point
    on layout_point.layout = sweep.layout
    and layout_point.point = point.id
left join latest_event on latest_event.id = -point.winner
where point.winner is not null;

create view alarm (point, ts, received, from_level, to_level, value, quality, occurrence) as
select
    point.name, change.ts, change.received, change.from_level, change.to_level, change.value,
    change.quality, change.occurrence
from alarm_transition as change
join point on point.id = change.point;
