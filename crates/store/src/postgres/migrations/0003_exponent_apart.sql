-- The flag of values whose power of ten another request reads.

create or replace function quality_names(quality integer) returns text[]
language sql immutable parallel safe
as $$
    select coalesce(array_agg(flag.name order by flag.bit), '{}')
    from (values
        (0, 'offline'), (1, 'restart'), (2, 'comm_lost'), (3, 'remote_forced'),
        (4, 'local_forced'), (5, 'chatter_filter'), (6, 'over_range'), (7, 'reference_err'),
        (8, 'rollover'), (9, 'discontinuity'), (16, 'stale'), (17, 'out_of_range'), (18, 'late'),
        (19, 'clock_unsynchronised'), (20, 'no_source_time'), (21, 'clock_clamped'),
        (22, 'not_finite'), (23, 'imprecise'), (24, 'device_error'), (25, 'text_escaped'),
        (26, 'text_cut'), (27, 'exponent_apart')
    ) as flag (bit, name)
    where $1 & (1 << flag.bit) <> 0
$$;

comment on column sweep.value is 'One value for each point of the layout; null if it was not a number.';
comment on column event.value is 'For each event, its value; null if it was not a number.';
comment on column reading.value is 'The value; null if it was not a number.';
