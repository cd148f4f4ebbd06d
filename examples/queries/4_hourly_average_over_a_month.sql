-- Hours of a month: what a point was on average, and how much of it can be used. Of the minutes, so that
-- it reads a sixtieth of a point that comes each second; with [store] minutes = false ask reading(…).
select
    date_trunc('hour', ts) as hour,
    sum(avg * good) / nullif(sum(good), 0) as average,
    min(min) as lowest,
    max(max) as highest,
    sum(count) as readings,
    sum(count) - sum(good) as bad
from reading_1m
where point = 'substation-1.feeder-01.current_a' and ts >= now() - interval '30 days' and ts < now()
group by hour
order by hour;
