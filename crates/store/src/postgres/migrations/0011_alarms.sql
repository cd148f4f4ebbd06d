-- What happened to alarms: changes of their conditions and what people did about them. The table
-- alarm_transition has what earlier engines told.

create table alarm_name (
    id     bigint primary key,
    name   text not null,
    device bigint not null,
    point  bigint,
    kind   text not null
);
create index alarm_name_by_name on alarm_name (name);
comment on table alarm_name is
    'What alarms are called and what they are of; ids are hashes of the names. Only those that something happened to.';
comment on column alarm_name.id is 'Hash of the name of what it is of, and of its kind.';
comment on column alarm_name.name is 'device.point:kind, or device:link for that of a device.';
comment on column alarm_name.device is 'The device that it is of, or whose point it is of.';
comment on column alarm_name.point is 'The point that it is of; null if it is of the device itself.';
comment on column alarm_name.kind is
    'limit, deviation, rate, state, chatter, quality, stale, frozen or link.';

create table alarm_event (
    stream         bigint not null,
    sequence       bigint not null,
    alarm          bigint not null,
    device         bigint,
    point          bigint,
    occurrence     bigint not null,
    action         text not null,
    annunciated    boolean not null,
    from_level     text not null,
    to_level       text not null,
    worst_level    text not null,
    state          text not null,
    priority       text not null,
    flags          integer not null,
    suppression    integer not null,
    shelf_until    timestamptz,
    shelf_one_shot boolean,
    ts             timestamptz not null,
    received       timestamptz not null,
    value          double precision,
    quality        integer not null,
    actor          text,
    comment        text,
    command_key    text,
    definition     text
);
create index alarm_event_by_time on alarm_event (received, stream, sequence);
create index alarm_event_by_alarm on alarm_event (alarm, received);
create index alarm_event_by_device on alarm_event (device, received);
create index alarm_event_by_point on alarm_event (point, received);
create index alarm_event_by_source_time on alarm_event (ts);
create index alarm_event_annunciated on alarm_event (received) where annunciated;
comment on table alarm_event is
    'What happened to alarms: changes of their conditions and what people did about them, with the state after each. Query the view alarm_history instead.';
comment on column alarm_event.stream is 'The journal that told it, as in stream_position.';
comment on column alarm_event.sequence is
    'Counts all that happened to alarms of an engine, over restarts, without gaps.';
comment on column alarm_event.alarm is 'The alarm, see alarm_name.';
comment on column alarm_event.device is
    'The device that it is of, or whose point it is of; null if nobody knows.';
comment on column alarm_event.point is
    'The point that it is of; null if it is of the device itself or nobody knows.';
comment on column alarm_event.occurrence is
    'The sequence of what raised it: one more occurrence each time it leaves normal; 0 if it never did.';
comment on column alarm_event.action is
    'What happened: raised, escalated, eased, returned, re_annunciated, acknowledged, reset, silenced, shelved, unshelved, suppressed, unsuppressed, out_of_service, in_service, redefined or retired.';
comment on column alarm_event.annunciated is 'Whether operators were told: a new flash, and the horn.';
comment on column alarm_event.from_level is
    'The level before: normal, high, high_high, low, low_low or abnormal.';
comment on column alarm_event.to_level is 'The level after; the same if it did not change.';
comment on column alarm_event.worst_level is
    'The worst level since the occurrence began; normal if it is over.';
comment on column alarm_event.state is
    'The state after it (ISA-18.2): normal, unacknowledged, acknowledged, returned_unacknowledged, latched_unacknowledged, latched_acknowledged, shelved, suppressed or out_of_service.';
comment on column alarm_event.priority is 'low, medium, high or urgent: that of the worst level.';
comment on column alarm_event.flags is
    'What is true after it: 1 unacknowledged, 2 latched, 4 silenced, 8 out of service, 16 unconfirmed since a restart, 32 switched off.';
comment on column alarm_event.suppression is
    'Why it is suppressed after it: 1 the link of its device is lost, 2 somebody asked for it.';
comment on column alarm_event.shelf_until is
    'When it comes back from the shelf by itself; null if it is on none.';
comment on column alarm_event.shelf_one_shot is
    'Whether it comes back earlier, as soon as it returns to normal; null if it is on no shelf.';
comment on column alarm_event.ts is
    'When it happened: at the source if a reading did it, else on the engine''s clock.';
comment on column alarm_event.received is 'When the engine learned of it.';
comment on column alarm_event.value is
    'The value that did it; null if none did or it was not a number.';
comment on column alarm_event.quality is 'The value''s flags, see quality_names.';
comment on column alarm_event.actor is
    'Who did it; empty if the engine did by itself, null if no command did.';
comment on column alarm_event.comment is 'Why, in their words.';
comment on column alarm_event.command_key is
    'The key by which the same command is known when it comes again.';
comment on column alarm_event.definition is
    'The new definition as JSON, if it was changed; else empty or null.';

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
comment on view alarm_history is
    'All that happened to alarms: changes of their conditions and what people did about them.';
comment on column alarm_history.alarm is
    'The alarm''s name, device.point:kind or device:link; null if nobody knows it.';
comment on column alarm_history.device is 'The name of the device that it is of, or whose point it is of.';
comment on column alarm_history.point is
    'The full name, device.point, of the point that it is of; null if it is of a device.';
comment on column alarm_history.kind is
    'limit, deviation, rate, state, chatter, quality, stale, frozen or link.';
do $$
declare
    name text;
begin
    foreach name in array array[
        'ts', 'received', 'action', 'annunciated', 'from_level', 'to_level', 'worst_level',
        'priority', 'state', 'value', 'quality', 'shelf_until', 'actor', 'comment', 'definition',
        'occurrence', 'stream', 'sequence'
    ] loop
        execute format(
            'comment on column alarm_history.%I is %L', name,
            (
                select col_description('alarm_event'::regclass, attnum)
                from pg_attribute
                where attrelid = 'alarm_event'::regclass and attname = name
            ));
    end loop;
end
$$;

create or replace view alarm (point, ts, received, from_level, to_level, value, quality, occurrence) as
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
comment on view alarm is
    'Every change of the level of a point''s alarms; the view alarm_history has all that happened.';
comment on column alarm.from_level is 'normal, high, high_high, low, low_low or abnormal.';
comment on column alarm.to_level is 'normal, high, high_high, low, low_low or abnormal.';
comment on column alarm.occurrence is
    'One number for each time the alarm leaves normal.';
comment on table alarm_transition is
    'What engines told of alarms before they had more than limits; see alarm_event.';

-- As before, and old rows of alarm_event as well.
create or replace function delete_old(portion integer) returns bigint
language plpgsql security definer
as $$
declare
    owner record;
    cutoff constant timestamptz := now() - rule.keep from upkeep_rule as rule;
    deleted bigint;
    total bigint := 0;
begin
    for owner in
        select partitioned.name, partitioned.time_column, span.name as past,
            now() - coalesce(partitioned.keep, rule.keep) as cutoff
        from partitioned
        join partition_span as span on span.table_name = partitioned.name and span.from_ts = '-infinity'
        cross join upkeep_rule as rule
        where coalesce(partitioned.keep, rule.keep) is not null
    loop
        execute format(
            'delete from %I where ctid = any (array(select ctid from %I where %I < $1 limit $2))',
            owner.past, owner.past, owner.time_column)
        using owner.cutoff, portion;
        get diagnostics deleted = row_count;
        total := total + deleted;
    end loop;
    for owner in
        select * from (values
            ('alarm_event', 'received'), ('alarm_transition', 'ts'), ('gap', 'until_ts'),
            ('message_rest', 'received'), ('quarantine', 'stored')
        ) as owner (name, time_column)
    loop
        execute format(
            'delete from %I where ctid = any (array(select ctid from %I where %I < $1 limit $2))',
            owner.name, owner.name, owner.time_column)
        using cutoff, portion;
        get diagnostics deleted = row_count;
        total := total + deleted;
    end loop;
    -- A text that is told only when it changes stays until another one follows.
    delete from text_event
    where ctid = any (array(
        select old.ctid
        from text_event as old
        where old.ts < cutoff
            and exists (
                select from text_event as younger
                where younger.layout = old.layout
                    and younger.position = old.position
                    and younger.ts > old.ts
            )
        limit portion
    ));
    get diagnostics deleted = row_count;
    return total + deleted;
end
$$;
do $$
begin
    execute format('alter function delete_old(integer) set search_path = %I, pg_temp', current_schema());
end
$$;
