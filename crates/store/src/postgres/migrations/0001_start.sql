-- Ids are hashes of what they name, so several engines can write one database without asking each
-- other for numbers.

create table device (
    id   bigint primary key,
    name text not null unique
);
comment on table device is 'Every device that was ever configured.';
comment on column device.id is 'Hash of the name.';

create table point (
    id     bigint primary key,
    device bigint not null references device,
    name   text not null unique,
    unit   text not null
);
comment on table point is 'Every point that was ever configured: one measured quantity of a device.';
comment on column point.id is 'Hash of the device''s name and the point''s.';
comment on column point.name is 'The full name, device.point.';
comment on column point.unit is 'The engineering unit as last configured; empty if there is none.';

create table layout (
    id     bigint primary key,
    device bigint not null references device
);
comment on table layout is
    'Immutable lists of points of one device: which point stands where in the arrays of sweep and event.';
comment on column layout.id is 'Hash of the device''s name and of the names and units of the points.';

create table layout_point (
    layout   bigint not null references layout,
    position integer not null,
    point    bigint not null references point,
    primary key (layout, position)
);
create index layout_point_by_point on layout_point (point);
comment on table layout_point is 'The points of each layout.';
comment on column layout_point.position is 'The place in the layout, from 0 (SQL arrays begin at 1).';

create table sweep (
    layout       bigint not null,
    ts           timestamptz not null,
    received     timestamptz not null,
    time_quality smallint,
    value        double precision[] not null,
    quality      integer[]
);
create index sweep_by_layout on sweep (layout, ts);
comment on table sweep is
    'All points of a layout at one instant, one row for each poll answered. Query the view reading instead.';
comment on column sweep.ts is 'When the values were true, at the source.';
comment on column sweep.received is 'When the engine had the last byte.';
comment on column sweep.time_quality is
    'How far ts may be trusted: null synchronised, 1 the source''s clock is not synchronised, 2 the source gave no time and ts is that of reception.';
comment on column sweep.value is 'One value for each point of the layout; null if it was not finite.';
comment on column sweep.quality is 'One set of flags for each value, see quality_names; null if all are good.';

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
);
create index event_by_layout on event (layout, ts_last, ts_first);
comment on table event is
    'Changes with their own times, in packs of one device in order of arrival. Query the view reading instead.';
comment on column event.ts_first is 'The earliest time in the pack.';
comment on column event.ts_last is
    'The latest time in the pack, at most 10 minutes after ts_first: so that a search in the past ends.';
comment on column event.received is 'When the engine had the last byte.';
comment on column event.point is 'For each event, its point''s position in the layout.';
comment on column event.lag is 'For each event, the microseconds from ts_first to its time.';
comment on column event.value is 'For each event, its value; null if it was not finite.';
comment on column event.quality is 'For each event, its flags, see quality_names; null if all are good.';

create table latest_event (
    layout   bigint not null,
    position integer not null,
    ts       timestamptz not null,
    value    double precision,
    quality  integer not null,
    primary key (layout, position)
) with (fillfactor = 50);
comment on table latest_event is 'The youngest event of each point. Query the view latest instead.';

create table alarm_transition (
    point      bigint not null,
    ts         timestamptz not null,
    received   timestamptz not null,
    from_level text not null,
    to_level   text not null,
    value      double precision,
    quality    integer not null,
    occurrence bigint not null
);
create index alarm_transition_by_point on alarm_transition (point, ts);
create index alarm_transition_by_time on alarm_transition (ts);
comment on table alarm_transition is
    'Every change of an alarm''s level. Query the view alarm for names instead of ids.';
comment on column alarm_transition.ts is 'The source time of the reading that did it.';
comment on column alarm_transition.from_level is 'normal, high, high_high, low or low_low.';
comment on column alarm_transition.occurrence is
    'Counts the point''s alarms: one more each time it leaves normal.';

create table gap (
    device   bigint not null,
    from_ts  timestamptz not null,
    until_ts timestamptz not null,
    reason   text not null
);
create index gap_by_device on gap (device, from_ts);
comment on table gap is 'Spans of time in which readings of a device are known to be missing, and why.';
comment on column gap.from_ts is 'The last instant known to be covered.';
comment on column gap.until_ts is 'The first instant covered again.';
comment on column gap.reason is
    'device_down, engine_down, event_buffer_overflow, back_pressure or journal_damaged.';

create table quarantine (
    stream   bigint not null,
    position bigint not null,
    readings bigint not null,
    reason   text not null,
    record   text,
    frame    bytea,
    stored   timestamptz not null default now()
);
comment on table quarantine is
    'What the journal held and could not be stored as readings: malformed records, and spans of a damaged or trimmed journal.';
comment on column quarantine.position is 'Where it stood in the journal, in bytes since the stream began.';
comment on column quarantine.readings is 'How many readings it was.';
comment on column quarantine.record is 'The readings as JSON, if they could be decoded.';
comment on column quarantine.frame is
    'The record as it stood in the journal; null if nothing was left of it.';

create table stream_position (
    stream        bigint primary key,
    position      bigint not null,
    readings      bigint not null,
    quarantined   bigint not null,
    lost          bigint not null,
    last_checksum bigint
) with (fillfactor = 10);
comment on table stream_position is
    'How far each journal is stored. Changed only together with the rows it speaks of: never touch it.';
comment on column stream_position.stream is 'The journal''s own number, made when its folder was first used.';
comment on column stream_position.position is 'Bytes of the journal before the first record not yet stored.';
comment on column stream_position.readings is 'Readings in those bytes.';
comment on column stream_position.quarantined is 'Of the readings, those in the table quarantine.';
comment on column stream_position.lost is
    'Of the readings, those that could not be read any more when their turn came.';
comment on column stream_position.last_checksum is
    'Checksum of the last record: tells whether a journal that reaches the position is the one that was stored up to it.';

create function quality_names(quality integer) returns text[]
language sql immutable parallel safe
as $$
    select coalesce(array_agg(flag.name order by flag.bit), '{}')
    from (values
        (0, 'offline'), (1, 'restart'), (2, 'comm_lost'), (3, 'remote_forced'),
        (4, 'local_forced'), (5, 'chatter_filter'), (6, 'over_range'), (7, 'reference_err'),
        (8, 'rollover'), (9, 'discontinuity'), (16, 'stale'), (17, 'out_of_range'), (18, 'late'),
        (19, 'clock_unsynchronised'), (20, 'no_source_time'), (21, 'clock_clamped'),
        (22, 'not_finite'), (23, 'imprecise'), (24, 'device_error')
    ) as flag (bit, name)
    where $1 & (1 << flag.bit) <> 0
$$;
comment on function quality_names(integer) is
    'The flags of a quality in words: {} for a good value. The lower ones are those of IEEE 1815 (DNP3).';

create function quality_is_bad(quality integer) returns boolean
language sql immutable parallel safe
as $$
    select $1 & 21037287 <> 0
$$;
comment on function quality_is_bad(integer) is
    'Whether a value of this quality must not be used as a measurement: offline, restart, comm_lost, chatter_filter, over_range, reference_err, stale, not_finite or device_error.';

create view reading (point, ts, value, quality) as
select
    point.name,
    sweep.ts,
    sweep.value[layout_point.position + 1],
    coalesce(sweep.quality[layout_point.position + 1], 0)
        | case sweep.time_quality when 1 then 524288 when 2 then 1048576 else 0 end
from point
join layout_point on layout_point.point = point.id
join sweep on sweep.layout = layout_point.layout
union all
select
    point.name,
    event.ts_first + change.lag * interval '1 microsecond',
    change.value,
    coalesce(change.quality, 0)
from point
join layout_point on layout_point.point = point.id
join event on event.layout = layout_point.layout and layout_point.position = any (event.point)
cross join lateral unnest(event.point, event.lag, event.value, event.quality)
    as change (position, lag, value, quality)
where change.position = layout_point.position;
comment on view reading is
    'Every reading: where point = ''device.point'' and ts between … and …. Give a range of ts also with order by ts desc limit …, which alone reads the point''s whole history. For points with events, the function reading(point, from, until) searches a range of a long history faster.';
comment on column reading.point is 'The full name, device.point.';
comment on column reading.ts is 'The time at the source, or that of reception where the quality has no_source_time.';
comment on column reading.value is 'The value; null if it was not finite.';
comment on column reading.quality is '0 if nothing is known against the value; see quality_names and quality_is_bad.';

create function reading(point text, from_ts timestamptz, until_ts timestamptz)
returns table (ts timestamptz, value double precision, quality integer)
language sql stable parallel safe
as $$
    select
        sweep.ts,
        sweep.value[layout_point.position + 1],
        coalesce(sweep.quality[layout_point.position + 1], 0)
            | case sweep.time_quality when 1 then 524288 when 2 then 1048576 else 0 end
    from point
    join layout_point on layout_point.point = point.id
    join sweep on sweep.layout = layout_point.layout
    where point.name = $1 and sweep.ts >= $2 and sweep.ts < $3
    union all
    select
        event.ts_first + change.lag * interval '1 microsecond',
        change.value,
        coalesce(change.quality, 0)
    from point
    join layout_point on layout_point.point = point.id
    join event on event.layout = layout_point.layout and layout_point.position = any (event.point)
    cross join lateral unnest(event.point, event.lag, event.value, event.quality)
        as change (position, lag, value, quality)
    where point.name = $1
        and event.ts_last >= $2 and event.ts_last < $3 + interval '10 minutes'
        and event.ts_first < $3
        and change.position = layout_point.position
        and event.ts_first + change.lag * interval '1 microsecond' >= $2
        and event.ts_first + change.lag * interval '1 microsecond' < $3
$$;
comment on function reading(text, timestamptz, timestamptz) is
    'The readings of one point from an instant (included) until another (not included), in no order.';

create view latest (point, ts, value, quality) as
select point.name, youngest.ts, youngest.value, youngest.quality
from point
cross join lateral (
    select candidate.ts, candidate.value, candidate.quality
    from (
        select
            sweep.ts,
            sweep.value[layout_point.position + 1] as value,
            coalesce(sweep.quality[layout_point.position + 1], 0)
                | case sweep.time_quality when 1 then 524288 when 2 then 1048576 else 0 end
                as quality
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
    order by candidate.ts desc
    limit 1
) as youngest;
comment on view latest is 'The youngest reading of each point.';
comment on column latest.point is 'The full name, device.point.';

create view alarm (point, ts, received, from_level, to_level, value, quality, occurrence) as
select
    point.name, change.ts, change.received, change.from_level, change.to_level, change.value,
    change.quality, change.occurrence
from alarm_transition as change
join point on point.id = change.point;
comment on view alarm is 'Every change of an alarm''s level.';

comment on table schema_migration is
    'The steps by which this schema came to be, and what tells whether a step was changed since.';
