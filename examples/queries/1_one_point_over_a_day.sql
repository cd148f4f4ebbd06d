-- One point over a day: every reading, with what is known against it in words.
select ts, value, quality_names(quality) as doubts
from reading('substation-1.feeder-01.current_a', now() - interval '1 day', now())
order by ts;
