-- All points of a device as they stood at an instant: of each its last reading in the hour before.
select device_point.point, state.ts, state.value, device_point.unit, quality_names(state.quality) as doubts
from device_point
cross join lateral (
    select ts, value, quality
    from reading(device_point.point, now() - interval '2 days 1 hour', now() - interval '2 days')
    order by ts desc
    limit 1
) as state
where device_point.device = 'substation-1.feeder-01'
order by device_point.point;
