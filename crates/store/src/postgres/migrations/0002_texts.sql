create table text_event (
    layout   bigint not null,
    ts       timestamptz not null,
    received timestamptz not null,
    position integer not null,
    text     text not null,
    quality  integer not null
);
create index text_event_by_place on text_event (layout, position, ts);
comment on table text_event is
    'Readings whose value is a text, such as a serial number, one row for each; they are rare. Query the views text_reading and latest_text instead.';
comment on column text_event.ts is 'When the text was true, at the source.';
comment on column text_event.received is 'When the engine had the last byte.';
comment on column text_event.position is 'The point''s position in the layout.';
comment on column text_event.text is
    'The text, at most 1,024 bytes; empty and of bad quality if there was none.';
comment on column text_event.quality is 'Flags, see quality_names; 0 if nothing is known against the text.';

create view text_reading (point, ts, text, quality) as
select point.name, text_event.ts, text_event.text, text_event.quality
from point
join layout_point on layout_point.point = point.id
join text_event
    on text_event.layout = layout_point.layout
    and text_event.position = layout_point.position;
comment on view text_reading is
    'Every text: where point = ''device.point'' and ts between … and …. Numbers are in the view reading.';
comment on column text_reading.point is 'The full name, device.point.';
comment on column text_reading.ts is
    'The time at the source, or that of reception where the quality has no_source_time.';
comment on column text_reading.text is
    'The text. With the quality text_escaped, each \xff stands for a byte that was no text, and \\ for a backslash.';
comment on column text_reading.quality is
    '0 if nothing is known against the text; see quality_names and quality_is_bad.';

create view latest_text (point, ts, text, quality) as
select point.name, youngest.ts, youngest.text, youngest.quality
from point
cross join lateral (
    select candidate.ts, candidate.text, candidate.quality
    from layout_point
    cross join lateral (
        select text_event.ts, text_event.text, text_event.quality
        from text_event
        where text_event.layout = layout_point.layout
            and text_event.position = layout_point.position
        order by text_event.ts desc
        limit 1
    ) as candidate
    where layout_point.point = point.id
    order by candidate.ts desc
    limit 1
) as youngest;
comment on view latest_text is 'The youngest text of each point that has any.';
comment on column latest_text.point is 'The full name, device.point.';

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
        (26, 'text_cut')
    ) as flag (bit, name)
    where $1 & (1 << flag.bit) <> 0
$$;
