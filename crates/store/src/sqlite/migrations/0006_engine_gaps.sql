-- Gaps of the whole engine: what a damaged or full journal lost may be of any device.
drop view device_gap;
create table gap_new (
    id       integer primary key,
    -- Null if readings of any device of the engine may be missing.
    device   integer,
    from_ts  text not null,
    until_ts text not null,
    -- device_down, engine_down, event_buffer_overflow, back_pressure, journal_damaged, journal_full
    -- or device_restart.
    reason   text not null,
    -- The journal that told it, as in stream_position; null in older rows.
    stream   integer
) strict;
insert into gap_new (id, device, from_ts, until_ts, reason)
select id, device, from_ts, until_ts, reason from gap;
drop table gap;
alter table gap_new rename to gap;
create index gap_by_device on gap (device, from_ts);

-- Spans of time in which readings are known to be missing, and why; device is null if readings of
-- any device of an engine may be missing.
create view device_gap (device, from_ts, until_ts, reason) as
select device.name, gap.from_ts, gap.until_ts, gap.reason
from gap
left join device on device.id = gap.device;
