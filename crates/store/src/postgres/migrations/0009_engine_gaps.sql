-- Gaps of the whole engine: what a damaged or full journal lost may be of any device.

alter table gap alter column device drop not null;
alter table gap add column stream bigint;
comment on column gap.device is 'Null if readings of any device of the engine may be missing.';
comment on column gap.stream is 'The journal that told it, as in stream_position; null in older rows.';
comment on column gap.reason is
    'device_down, engine_down, event_buffer_overflow, back_pressure, journal_damaged, journal_full or device_restart.';

create or replace view device_gap (device, from_ts, until_ts, reason) as
select device.name, gap.from_ts, gap.until_ts, gap.reason
from gap
left join device on device.id = gap.device;
comment on view device_gap is
    'Spans of time in which readings are known to be missing, and why.';
comment on column device_gap.device is
    'The device''s name; null if readings of any device of an engine may be missing.';
comment on column device_gap.reason is 'As in the table gap.';

comment on column quarantine.frame is
    'The record as it stood in the journal; of a damaged span its first octets, at most 1 MiB; null if nothing was left.';
