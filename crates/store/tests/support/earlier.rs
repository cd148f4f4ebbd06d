//! Databases as earlier versions left them, from the frozen files of the steps.

const POSTGRES: &[(&str, &str)] = &[
    (
        "start",
        include_str!("../../src/postgres/migrations/0001_start.sql"),
    ),
    (
        "texts",
        include_str!("../../src/postgres/migrations/0002_texts.sql"),
    ),
    (
        "exponent_apart",
        include_str!("../../src/postgres/migrations/0003_exponent_apart.sql"),
    ),
    (
        "dead_letters",
        include_str!("../../src/postgres/migrations/0004_dead_letters.sql"),
    ),
];

const SQLITE: &[(&str, &str)] = &[
    (
        "start",
        include_str!("../../src/sqlite/migrations/0001_start.sql"),
    ),
    (
        "texts",
        include_str!("../../src/sqlite/migrations/0002_texts.sql"),
    ),
    (
        "dead_letters",
        include_str!("../../src/sqlite/migrations/0003_dead_letters.sql"),
    ),
];

/// What makes a PostgreSQL database one of the version whose last step is `last`.
pub(crate) fn postgres(last: &str) -> String {
    let books = "create table schema_migration (version integer primary key, name text not null, \
                 checksum bigint not null, applied timestamptz not null default now());";
    format!("{books}{}", steps(POSTGRES, last))
}

/// The same for an SQLite file.
pub(crate) fn sqlite(last: &str) -> String {
    let books = "pragma application_id = 1196575044; \
                 create table schema_migration (version integer primary key, name text not null, \
                 checksum integer not null, applied text not null default current_timestamp) strict;";
    format!("{books}{}", steps(SQLITE, last))
}

fn steps(all: &[(&str, &str)], last: &str) -> String {
    let count = all.iter().position(|(name, _)| *name == last).unwrap() + 1;
    let step = |(version, (name, sql)): (usize, &(&str, &str))| {
        let checksum = checksum(sql);
        format!(
            "{sql};insert into schema_migration (version, name, checksum) \
             values ({version}, '{name}', {checksum});"
        )
    };
    (1..).zip(&all[..count]).map(step).collect()
}

/// What databases say of a step: FNV-1a, 63 bit.
fn checksum(sql: &str) -> i64 {
    let hash = sql.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 1).cast_signed()
}
