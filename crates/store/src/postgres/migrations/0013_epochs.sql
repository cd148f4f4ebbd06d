-- Under which epoch each device of a fleet was held, and since when: what an engine that had it under a
-- lower one received from then on is not stored (it goes to quarantine as fenced). Rows are only added.
create table device_epoch (
    id bigint generated always as identity primary key,
    device bigint not null,
    epoch bigint not null,
    since_ns bigint not null,
    unique (device, epoch)
);
comment on table device_epoch is
    'Under which epoch each device of a fleet was held: what was received under a lower one from since_ns on is fenced';
comment on column device_epoch.id is 'Running number.';
comment on column device_epoch.device is 'The device.';
comment on column device_epoch.epoch is 'A number that grows whenever the device changes hands.';
comment on column device_epoch.since_ns is
    'Since when, by the clock of who got it: Unix time, nanoseconds.';
