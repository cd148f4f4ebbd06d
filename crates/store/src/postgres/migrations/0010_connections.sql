-- Several connections may write a journal, each the readings of some of the devices: each has its
-- own row. Engines of before write journals that have one row, as ever.

alter table stream_position
    add column shard smallint not null default 0,
    add column shards smallint not null default 1,
    add column own_readings bigint;
alter table stream_position
    drop constraint stream_position_pkey,
    add primary key (stream, shard);
comment on table stream_position is
    'How far each journal is stored, one row for each connection that writes it: all of a journal is stored up to the least position. Changed only together with the rows it speaks of: never touch it.';
comment on column stream_position.shard is
    'Which of the connections, from 0 on. A device''s is the remainder of the device''s id, modulo 840, divided by their number.';
comment on column stream_position.shards is 'How many connections write the journal, from its first reading to its last.';
comment on column stream_position.own_readings is
    'Of the readings, those of this connection; what was lost is the first one''s. Null if there is one connection: all of them are.';
