-- What is missing of a device's day, and what of it is in doubt: a row for each gap, and one for each
-- point and kind of doubt. A gap without a device may be of any device of an engine.
select device as name, from_ts, until_ts, null as readings, array[reason] as why
from device_gap
where (device = 'substation-1.feeder-01' or device is null)
    and from_ts < now() and until_ts >= now() - interval '1 day'
union all
select device_point.point, min(doubtful.ts), max(doubtful.ts), count(*), quality_names(doubtful.quality)
from device_point
cross join lateral reading(device_point.point, now() - interval '1 day', now()) as doubtful
where device_point.device = 'substation-1.feeder-01' and doubtful.quality <> 0
group by device_point.point, doubtful.quality
order by from_ts, name;
