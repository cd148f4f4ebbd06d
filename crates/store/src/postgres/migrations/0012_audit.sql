-- Who changed something of the engine from outside, or was refused.
create table audit (
    stream    bigint not null,
    sequence  bigint not null,
    ts        timestamptz not null,
    principal text not null,
    kind      text not null,
    address   text not null,
    action    text not null,
    target    text not null,
    outcome   text not null,
    status    integer not null,
    detail    text not null
);
create index audit_by_time on audit (ts, stream, sequence);
create index audit_by_principal on audit (principal, ts);
comment on table audit is
    'Who changed something of the engine from outside, or was refused. What was done to alarms is in alarm_history.';
comment on column audit.stream is 'The journal that told it, as in stream_position.';
comment on column audit.sequence is 'Counts the deeds of one stream, from 1.';
comment on column audit.ts is 'When it happened, on the engine''s clock.';
comment on column audit.principal is 'Who it was; empty if that is not known.';
comment on column audit.kind is
    'How they are known: open, user, token, oidc, certificate or engine; else empty.';
comment on column audit.address is 'From where; empty if from the machine itself.';
comment on column audit.action is 'What was to be done, such as PUT /api/v1/config.';
comment on column audit.target is 'To what; empty if to the engine as a whole.';
comment on column audit.outcome is 'allowed, refused or failed.';
comment on column audit.status is
    'The status that was answered; 0 if nobody waited for an answer.';
comment on column audit.detail is 'More about it, for people.';

-- As before, and old rows of audit as well.
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
            ('alarm_event', 'received'), ('alarm_transition', 'ts'), ('audit', 'ts'), ('gap', 'until_ts'),
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
