create index point_by_device on point (device);

-- Names instead of ids, for those who may see only views.

create view device_point (device, point, unit) as
select device.name, point.name, point.unit
from point
join device on device.id = point.device;
comment on view device_point is 'Every point that was ever configured, with its device.';
comment on column device_point.device is 'The device''s name.';
comment on column device_point.point is 'The full name, device.point.';
comment on column device_point.unit is 'The engineering unit as last configured; empty if there is none.';

create view device_gap (device, from_ts, until_ts, reason) as
select device.name, gap.from_ts, gap.until_ts, gap.reason
from gap
join device on device.id = gap.device;
comment on view device_gap is 'Spans of time in which readings of a device are known to be missing, and why.';
comment on column device_gap.device is 'The device''s name.';
comment on column device_gap.from_ts is 'The last instant known to be covered.';
comment on column device_gap.until_ts is 'The first instant covered again.';
comment on column device_gap.reason is
    'device_down, engine_down, event_buffer_overflow, back_pressure, journal_damaged or device_restart.';

-- What earlier steps left without a word.
comment on column point.device is 'The device it is of.';
comment on column device.name is 'The name, as configured.';
comment on column layout.device is 'The device whose points it lists.';
comment on column layout_point.layout is 'The layout.';
comment on column layout_point.point is 'The point at that place.';
comment on column latest_event.layout is 'The layout of the event.';
comment on column latest_event.position is 'The point''s position in the layout.';
comment on column latest_event.ts is 'Its time; that of reception if it claimed to be of the future.';
comment on column latest_event.value is 'Its value; null if it was not a number.';
comment on column latest_event.quality is 'Its flags, see quality_names.';
comment on column alarm_transition.point is 'The point.';
comment on column alarm_transition.received is 'When the engine had the last byte.';
comment on column alarm_transition.to_level is 'normal, high, high_high, low or low_low.';
comment on column alarm_transition.value is 'The value that did it; null if it was not a number.';
comment on column alarm_transition.quality is 'The value''s flags, see quality_names.';
comment on column gap.device is 'The device.';
comment on column quarantine.stream is 'The journal it was in.';
comment on column quarantine.reason is 'Why it cannot be stored, for people.';
comment on column quarantine.stored is 'When it went here.';
comment on column text_event.layout is 'Which point stands at which position.';
comment on column message_rest.device is 'The device.';
comment on column message_rest.reason is 'Why it cannot be read, for people.';
comment on column schema_migration.version is 'The step''s number.';
comment on column schema_migration.name is 'Its name.';
comment on column schema_migration.checksum is 'What tells whether the step was changed since.';
comment on column schema_migration.applied is 'When it was taken.';
comment on column schema_migration.runs_since is
    'The oldest version whose engines still run with the step; null: only those that know it.';
comment on column latest.ts is 'As in the view reading.';
comment on column latest.value is 'The value; null if it was not a number.';
comment on column latest.quality is 'As in the view reading.';
comment on column latest_text.ts is 'As in the view text_reading.';
comment on column latest_text.text is 'As in the view text_reading.';
comment on column latest_text.quality is 'As in the view text_reading.';
comment on column alarm.point is 'The full name, device.point.';
comment on column alarm.ts is 'The source time of the reading that did it.';
comment on column alarm.received is 'When the engine had the last byte.';
comment on column alarm.from_level is 'normal, high, high_high, low or low_low.';
comment on column alarm.to_level is 'normal, high, high_high, low or low_low.';
comment on column alarm.value is 'The value that did it; null if it was not a number.';
comment on column alarm.quality is 'The value''s flags, see quality_names.';
comment on column alarm.occurrence is
    'Counts the point''s alarms: one more each time it leaves normal.';
