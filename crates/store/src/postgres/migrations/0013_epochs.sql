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
