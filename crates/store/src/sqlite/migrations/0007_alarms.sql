-- What happened to alarms: changes of their conditions and what people did about them. The table
-- alarm_transition has what earlier engines told.

-- What alarms are called and what they are of. Ids are hashes of the names.
create table alarm_name (
    id     integer primary key,
    -- device.point:kind, or device:link for that of a device.
    name   text not null,
    device integer not null,
    -- Null if it is of the device itself.
    point  integer,
    kind   text not null
) strict;
create index alarm_name_by_name on alarm_name (name);

create table alarm_event (
    id             integer primary key,
    -- The journal that told it, as in stream_position.
    stream         integer not null,
    -- Counts all that happened to alarms of an engine, over restarts.
    sequence       integer not null,
    alarm          integer not null,
    -- As in alarm_name; null if nobody knows what the alarm is of.
    device         integer,
    point          integer,
    -- The sequence of what raised it; 0 if it never was raised.
    occurrence     integer not null,
    -- raised, escalated, eased, returned, re_annunciated, acknowledged, reset, silenced, shelved,
    -- unshelved, suppressed, unsuppressed, out_of_service, in_service, redefined or retired.
    action         text not null,
    -- 1 if operators were told.
    annunciated    integer not null,
    -- normal, high, high_high, low, low_low or abnormal: before and after.
    from_level     text not null,
    to_level       text not null,
    -- The worst since the occurrence began.
    worst_level    text not null,
    -- normal, unacknowledged, acknowledged, returned_unacknowledged, latched_unacknowledged,
    -- latched_acknowledged, shelved, suppressed or out_of_service: after it.
    state          text not null,
    -- low, medium, high or urgent.
    priority       text not null,
    -- 1 unacknowledged, 2 latched, 4 silenced, 8 out of service, 16 unconfirmed, 32 disabled.
    flags          integer not null,
    -- 1 the link of its device is lost, 2 somebody asked for it.
    suppression    integer not null,
    -- When it comes back from the shelf, and whether it does so as soon as it returns to normal; null
    -- if it is on none.
    shelf_until    text,
    shelf_one_shot integer,
    -- When it happened: at the source if a reading did it.
    ts             text not null,
    -- When the engine learned of it.
    received       text not null,
    -- The value that did it; null if none did or it was not a number.
    value          real,
    quality        integer not null,
    -- Who did it, why, and the key of the command; null if nobody did.
    actor          text,
    comment        text,
    command_key    text,
    -- The new definition as JSON; empty if it was not changed.
    definition     text
) strict;
create index alarm_event_by_time on alarm_event (received, stream, sequence);
create index alarm_event_by_alarm on alarm_event (alarm, received);
create index alarm_event_by_device on alarm_event (device, received);
create index alarm_event_by_point on alarm_event (point, received);
create index alarm_event_by_source_time on alarm_event (ts);
create index alarm_event_annunciated on alarm_event (received) where annunciated;

-- All that happened to alarms, with names.
create view alarm_history (
    alarm, device, point, kind, ts, received, action, annunciated, from_level, to_level,
    worst_level, priority, state, value, quality, shelf_until, actor, comment, definition,
    occurrence, stream, sequence
) as
select
    alarm_name.name, device.name, point.name, alarm_name.kind, event.ts, event.received,
    event.action, event.annunciated, event.from_level, event.to_level, event.worst_level,
    event.priority, event.state, event.value, event.quality, event.shelf_until, event.actor,
    event.comment, event.definition, event.occurrence, event.stream, event.sequence
from alarm_event as event
left join alarm_name on alarm_name.id = event.alarm
left join device on device.id = event.device
left join point on point.id = event.point;

-- Every change of the level of a point's alarms.
drop view alarm;
create view alarm (point, ts, received, from_level, to_level, value, quality, occurrence) as
select
    point.name, change.ts, change.received, change.from_level, change.to_level, change.value,
    change.quality, change.occurrence
from alarm_transition as change
join point on point.id = change.point
union all
select
    point.name, event.ts, event.received, event.from_level, event.to_level, event.value,
    event.quality, event.occurrence
from alarm_event as event
join point on point.id = event.point
where event.from_level <> event.to_level;
