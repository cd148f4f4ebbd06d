-- What each point did in each minute, added up by the engine as readings pass, and the view that
-- shows it.

create table minute (
    layout   bigint not null,
    ts       timestamptz not null,
    received timestamptz not null,
    count    integer,
    lag      integer,
    point    integer[],
    counts   integer[],
    goods    integer[],
    lags     integer[],
    min      double precision[],
    max      double precision[],
    avg      double precision[],
    last     double precision[] not null
) partition by range (ts);
create index minute_by_layout on minute (layout, ts);
comment on table minute is
    'What the points of a layout did in a minute: rows of one minute are parts of it, nearly always there is one. Query the view reading_1m instead.';
comment on column minute.layout is 'Which points stand where in the arrays.';
comment on column minute.ts is 'When the minute begins.';
comment on column minute.received is
    'When the engine had the last byte of the reading that came last.';
comment on column minute.count is 'How many readings each point has; null if not all have as many.';
comment on column minute.lag is
    'Microseconds from ts to the last good reading of each point; null if they differ.';
comment on column minute.point is
    'The points'' positions in the layout; null: all points in order.';
comment on column minute.counts is 'For each point, how many readings it has; null if count tells.';
comment on column minute.goods is 'For each point, how many good readings it has; null if all are good.';
comment on column minute.lags is 'For each point, its lag; null if lag tells.';
comment on column minute.min is
    'For each point, the least of its good readings; null if last tells the same.';
comment on column minute.max is
    'For each point, the greatest of its good readings; null if last tells the same.';
comment on column minute.avg is
    'For each point, the mean of its good readings; null if last tells the same.';
comment on column minute.last is
    'For each point, the latest of its good readings; null where it has none.';

insert into partitioned (name, time_column) values ('minute', 'ts');
do $$
begin
    while make_partition(3) is not null loop
    end loop;
end
$$;

alter table stream_position
    add column turned_position bigint,
    add column turned_readings bigint;
comment on column stream_position.turned_position is
    'Bytes of the journal whose minutes are all in the table minute; those of the rest are open. Null if minutes are not rolled up.';
comment on column stream_position.turned_readings is 'Readings in those bytes.';

-- Means are put together with care: values that no sensor has must not make a query fail, as
-- numbers that are too large or too small for a double would.
create view reading_1m (point, ts, min, max, avg, last, count, good, good_share) as
select
    point.name,
    minute.ts,
    min(part.min),
    max(part.max),
    case
        when count(part.avg) < 2 then min(part.avg)
        when abs(sum(least(greatest(part.avg, -1e290), 1e290) * part.good)) < 1e-290
            then least(greatest(0, min(part.min)), max(part.max))
        else least(
            greatest(
                sum(least(greatest(part.avg, -1e290), 1e290) * part.good) / sum(part.good),
                min(part.min)
            ),
            max(part.max)
        )
    end,
    (array_agg(part.last order by part.lag desc, minute.received desc)
        filter (where part.good > 0))[1],
    sum(part.count),
    sum(part.good),
    sum(part.good)::double precision / sum(part.count)
from point
join layout_point on layout_point.point = point.id
join minute on minute.layout = layout_point.layout
cross join lateral (
    select case
        when minute.point is null then layout_point.position + 1
        else array_position(minute.point, layout_point.position)
    end as n
) as place
cross join lateral (
    select
        minute.last[n] as last,
        coalesce(minute.min[n], minute.last[n]) as min,
        coalesce(minute.max[n], minute.last[n]) as max,
        coalesce(minute.avg[n], minute.last[n]) as avg,
        coalesce(minute.lag, minute.lags[n]) as lag,
        coalesce(minute.count, minute.counts[n]) as count,
        coalesce(minute.goods[n], minute.count, minute.counts[n]) as good
) as part
where place.n is not null
group by point.name, minute.ts;
comment on view reading_1m is
    'Every minute of every point, a few seconds after it is over: where point = ''device.point'' and ts >= … and ts < …. Late readings are in the minute of their own time. For longer steps group by date_bin and take min(min), max(max), sum(avg * good) / sum(good) and sum(count).';
comment on column reading_1m.point is 'The full name, device.point.';
comment on column reading_1m.ts is 'When the minute begins.';
comment on column reading_1m.min is 'The least of the good readings; null if there is none.';
comment on column reading_1m.max is 'The greatest of the good readings; null if there is none.';
comment on column reading_1m.avg is
    'The mean of the good readings, each counting alike; null if there is none.';
comment on column reading_1m.last is 'The latest of the good readings; null if there is none.';
comment on column reading_1m.count is 'How many readings there are, good or not.';
comment on column reading_1m.good is
    'How many readings are good: finite, and of no quality that quality_is_bad names.';
comment on column reading_1m.good_share is 'good / count: 1 if all are good.';
