-- The youngest reading of each point of a device.
select latest.point, latest.ts, latest.value, device_point.unit, quality_names(latest.quality) as doubts
from device_point
join latest on latest.point = device_point.point
where device_point.device = 'substation-1.feeder-01'
order by latest.point;
