-- What the points of a layout did in a minute, added up by the engine as readings pass. Rows of one
-- minute are parts of it; nearly always there is one.
create table minute (
    id       integer primary key,
    layout   integer not null,
    -- When the minute begins.
    ts       text not null,
    -- When the engine had the last byte of the reading that came last.
    received text not null,
    -- How many readings each point has, and the microseconds from ts to the last good one; null if
    -- they differ.
    count    integer,
    lag      integer,
    -- The points' positions in the layout; null: all points in order.
    point    text,
    -- For each point: how many readings it has, how many good ones (null: all are), its lag.
    counts   text,
    goods    text,
    lags     text,
    -- Of the good readings of each point; the first three null where last tells the same.
    min      text,
    max      text,
    avg      text,
    last     text not null
) strict;
create index minute_by_layout on minute (layout, ts);

-- The journal up to here is in the table minute; what is behind is in minutes that are open. Null
-- if minutes are not rolled up.
alter table stream_position add column turned_position integer;
alter table stream_position add column turned_readings integer;

-- Every minute of every point, a few seconds after it is over: where point = 'device.point' and
-- ts >= … and ts < …. Late readings are in the minute of their own time; min, max, avg and last are
-- those of the good readings: finite, and of no quality that forbids to use them. good_share is
-- good / count.
create view reading_1m (point, ts, min, max, avg, last, count, good, good_share) as
select
    part.name,
    part.ts,
    min(part.min),
    max(part.max),
    case
        when count(part.avg) < 2 then min(part.avg)
        else min(
            max(
                sum(max(min(part.avg, 1e290), -1e290) * part.good) / sum(part.good),
                min(part.min)
            ),
            max(part.max)
        )
    end,
    -- The latest, and of those the one that came last: the text that sorts highest, without what
    -- it was sorted by.
    cast(substr(max(printf('%08d', part.lag) || part.received || part.last), 35) as real),
    sum(part.count),
    sum(part.good),
    cast(sum(part.good) as real) / sum(part.count)
from (
    select
        place.name,
        place.ts,
        place.received,
        iif(place.last ->> place.n is null, null, place.last -> place.n) as last,
        coalesce(place.min, place.last) ->> place.n as min,
        coalesce(place.max, place.last) ->> place.n as max,
        coalesce(place.avg, place.last) ->> place.n as avg,
        coalesce(place.lag, place.lags ->> place.n) as lag,
        coalesce(place.count, place.counts ->> place.n) as count,
        coalesce(place.goods ->> place.n, place.count, place.counts ->> place.n) as good
    from (
        select
            point.name,
            minute.*,
            case
                when minute.point is null then layout_point.position
                else (
                    select place.key
                    from json_each(minute.point) as place
                    where place.value = layout_point.position
                )
            end as n
        from point
        cross join layout_point on layout_point.point = point.id
        cross join minute on minute.layout = layout_point.layout
    ) as place
    where place.n is not null
) as part
group by part.name, part.ts;
