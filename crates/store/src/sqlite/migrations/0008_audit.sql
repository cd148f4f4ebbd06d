-- Who changed something of the engine from outside, or was refused.
create table audit (
    id        integer primary key,
    -- The journal that told it, as in stream_position.
    stream    integer not null,
    -- Counts the deeds of one stream, from 1.
    sequence  integer not null,
    -- When it happened, on the engine's clock.
    ts        text not null,
    -- Who it was; empty if that is not known.
    principal text not null,
    -- How they are known: open, user, token, oidc, certificate or engine; else empty.
    kind      text not null,
    -- From where; empty if from the machine itself.
    address   text not null,
    -- What was to be done, such as PUT /api/v1/config.
    action    text not null,
    target    text not null,
    -- allowed, refused or failed.
    outcome   text not null,
    -- The status that was answered; 0 if nobody waited for an answer.
    status    integer not null,
    detail    text not null
) strict;
create index audit_by_time on audit (ts, stream, sequence);
create index audit_by_principal on audit (principal, ts);
