-- What devices sent and could not be read: the rest of a message behind the part that could.
create table message_rest (
    id       integer primary key,
    device   integer not null,
    -- When the engine had the last byte.
    received text not null,
    reason   text not null,
    -- From the first octet that could not be read, at most 2,048.
    octets   blob not null,
    -- How many octets came.
    length   integer not null
) strict;
create index message_rest_by_device on message_rest (device, received);
create index message_rest_by_time on message_rest (received);

-- What devices sent and could not be read, the octets in hex.
create view dead_letter (device, received, reason, octets, length) as
select device.name, message_rest.received, message_rest.reason, hex(message_rest.octets),
    message_rest.length
from message_rest
join device on device.id = message_rest.device;
