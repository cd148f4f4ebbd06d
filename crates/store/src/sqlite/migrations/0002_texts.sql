-- Readings whose value is a text, such as a serial number, one row for each; they are rare.
create table text_event (
    id       integer primary key,
    layout   integer not null,
    -- When the text was true, at the source.
    ts       text not null,
    -- When the engine had the last byte.
    received text not null,
    -- The point's position in the layout.
    position integer not null,
    -- At most 1,024 bytes; empty and of bad quality if there was none.
    text     text not null,
    quality  integer not null
) strict;
create index text_event_by_place on text_event (layout, position, ts);

-- Every text: where point = 'device.point' and ts between … and …. Numbers are in the view reading.
create view text_reading (point, ts, text, quality) as
select point.name, text_event.ts, text_event.text, text_event.quality
from point
cross join layout_point on layout_point.point = point.id
cross join text_event
    on text_event.layout = layout_point.layout
    and text_event.position = layout_point.position;

-- The youngest text of each point that has any.
create view latest_text (point, ts, text, quality) as
select point.name, text_event.ts, text_event.text, text_event.quality
from (
    select
        point.name,
        (
            select candidate.id
            from (
                select text_event.id, text_event.ts
                from layout_point
                cross join text_event on text_event.id = (
                    select youngest.id
                    from text_event as youngest
                    where youngest.layout = layout_point.layout
                        and youngest.position = layout_point.position
                    order by youngest.ts desc, youngest.id desc
                    limit 1
                )
                where layout_point.point = point.id
            ) as candidate
            order by candidate.ts desc
            limit 1
        ) as winner
    from point
) as point
join text_event on text_event.id = point.winner;
