-- What is older than upkeep_rule keeps goes: whole partitions where there are any, rows elsewhere.

create function drop_partitions() returns bigint
language plpgsql security definer
set lock_timeout = '1s' set datestyle = 'ISO' set timezone = 'UTC'
as $$
declare
    owner record;
    span record;
    dropped bigint;
begin
    if not pg_try_advisory_xact_lock(78418742103891) then
        return 0;
    end if;
    for owner in
        select partitioned.name, now() - coalesce(partitioned.keep, rule.keep) as cutoff
        from partitioned
        cross join upkeep_rule as rule
        where coalesce(partitioned.keep, rule.keep) is not null
        order by partitioned.name
    loop
        select max(old.until_ts) as bound, count(*) as pieces into span
        from partition_span as old
        where old.table_name = owner.name and old.until_ts <= owner.cutoff;
        -- The past alone is left to delete_old: rows of wild clocks come to it at any time.
        continue when span.pieces < 2
            or exists (select from partition_holes() as hole where hole.table_name = owner.name);
        dropped := 0;
        for span in
            select old.name, old.from_ts, span.bound as bound
            from partition_span as old
            where old.table_name = owner.name and old.until_ts <= span.bound
        loop
            execute format('drop table %I', span.name);
            dropped := dropped + 1;
        end loop;
        -- All of the past was older still: a new one begins empty, and nothing has to be read.
        perform attach_partition(
            owner.name, new_partition(owner.name, '-infinity', span.bound), '-infinity', span.bound);
        return dropped;
    end loop;
    return 0;
end
$$;
comment on function drop_partitions() is
    'Drops the partitions of one table that are wholly older than what is kept, and returns how many; 0 if there is none. Waits a second at most for those who use the table.';

create function delete_old(portion integer) returns bigint
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
            ('alarm_transition', 'ts'), ('gap', 'until_ts'), ('message_rest', 'received'),
            ('quarantine', 'stored')
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
comment on function delete_old(integer) is
    'Deletes rows older than what is kept where they have no partition of their own, at most so many of each table, and returns how many.';

-- As the functions that make partitions.
do $$
declare
    name text;
begin
    foreach name in array array['drop_partitions()', 'delete_old(integer)'] loop
        execute format('alter function %s set search_path = %I, pg_temp', name, current_schema());
        execute format('revoke all on function %s from public', name);
    end loop;
end
$$;
