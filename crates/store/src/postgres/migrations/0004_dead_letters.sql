create table message_rest (
    device   bigint not null,
    received timestamptz not null,
    reason   text not null,
    octets   bytea not null,
    length   bigint not null
);
create index message_rest_by_device on message_rest (device, received);
create index message_rest_by_time on message_rest (received);
comment on table message_rest is
    'What devices sent and could not be read: the rest of a message behind the part that could. Query the view dead_letter instead.';
comment on column message_rest.received is 'When the engine had the last byte.';
comment on column message_rest.octets is 'From the first octet that could not be read, at most 2,048.';
comment on column message_rest.length is 'How many octets came.';

create view dead_letter (device, received, reason, octets, length) as
select device.name, message_rest.received, message_rest.reason,
    upper(encode(message_rest.octets, 'hex')), message_rest.length
from message_rest
join device on device.id = message_rest.device;
comment on view dead_letter is
    'What devices sent and could not be read: the rest of a message behind the part that could.';
comment on column dead_letter.device is 'The device''s name.';
comment on column dead_letter.received is 'When the engine had the last byte.';
comment on column dead_letter.reason is 'Why it cannot be read, for people.';
comment on column dead_letter.octets is
    'In hex, from the first octet that could not be read, at most 2,048.';
comment on column dead_letter.length is 'How many octets came; more than are kept if they were cut.';

comment on column gap.reason is
    'device_down, engine_down, event_buffer_overflow, back_pressure, journal_damaged or device_restart.';
