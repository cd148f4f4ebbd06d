-- The views know sweeps whose clock ran ahead: time_quality 3, the source's time lay more than five minutes ahead
-- and ts is that of reception.

drop view reading;
create view reading (point, ts, value, quality) as
select
    point.name,
    sweep.ts,
    sweep.value ->> layout_point.position,
    coalesce(sweep.quality ->> layout_point.position, 0)
        | case sweep.time_quality when 1 then 524288 when 2 then 1048576 when 3 then 2097152 else 0 end
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
drop view latest;
create view latest (point, ts, value, quality) as
select
    point.name,
    coalesce(sweep.ts, latest_event.ts),
    iif(point.winner > 0, sweep.value ->> layout_point.position, latest_event.value),
    coalesce(latest_event.quality, sweep.quality ->> layout_point.position, 0)
        | case sweep.time_quality when 1 then 524288 when 2 then 1048576 when 3 then 2097152 else 0 end
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

create index point_by_device on point (device);

-- Every point that was ever configured, with its device.
create view device_point (device, point, unit) as
select device.name, point.name, point.unit
from point
join device on device.id = point.device;

-- Spans of time in which readings of a device are known to be missing, and why.
create view device_gap (device, from_ts, until_ts, reason) as
select device.name, gap.from_ts, gap.until_ts, gap.reason
from gap
join device on device.id = gap.device;
