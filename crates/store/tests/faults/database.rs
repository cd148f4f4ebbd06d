//! A database as a user asks it: plain SQL on tables and views.

use std::path::PathBuf;

use rusqlite::types::Value;
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::minutes::{Minute, Minutes};
use crate::row::{Number, Row};

/// Where to ask.
pub(crate) enum Database {
    Postgres(Client),
    Sqlite(PathBuf),
}

/// What a database says.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) rows: Vec<Row>,
    pub(crate) positions: Vec<StreamPosition>,
    pub(crate) losses: Vec<FoundLoss>,
    pub(crate) minutes: Minutes,
}

/// How far it says that a stream is stored.
#[derive(Debug)]
pub(crate) struct StreamPosition {
    pub(crate) stream: u64,
    pub(crate) position: u64,
    pub(crate) readings: u64,
    pub(crate) quarantined: u64,
    pub(crate) lost: u64,
    pub(crate) checksum: Option<u32>,
    /// What is before is in minutes.
    pub(crate) turned: u64,
    /// Which of how many connections it is of, and the readings of that one, if there are several.
    pub(crate) shard: u64,
    pub(crate) shards: u64,
    pub(crate) own: Option<u64>,
}

/// A span that it says was lost.
#[derive(Debug)]
pub(crate) struct FoundLoss {
    pub(crate) stream: u64,
    pub(crate) from: u64,
    pub(crate) readings: u64,
    pub(crate) reason: String,
}

/// One answer: a text or nothing per column.
type Columns = Vec<Option<String>>;

impl Database {
    /// Everything there is.
    pub(crate) async fn look(&self) -> Found {
        let mut rows = self.readings().await;
        rows.extend(self.texts().await);
        rows.extend(self.alarms().await);
        rows.extend(self.alarm_events().await);
        rows.extend(self.gaps().await);
        rows.extend(self.letters().await);
        rows.extend(self.deeds().await);
        let mut losses = Vec::new();
        let sql = "select stream, position, readings, reason, \
                   case when frame is null then 'lost' else 'kept' end from quarantine";
        for row in self.ask(sql).await {
            let (stream, position, readings) = (number(&row, 0), number(&row, 1), number(&row, 2));
            if text(&row, 4) == "lost" {
                losses.push(FoundLoss {
                    stream,
                    from: position,
                    readings,
                    reason: text(&row, 3),
                });
            } else {
                rows.push(Row::Quarantined {
                    stream,
                    position,
                    readings,
                });
            }
        }
        Found {
            rows,
            positions: self.positions().await,
            losses,
            minutes: self.minutes().await,
        }
    }

    async fn positions(&self) -> Vec<StreamPosition> {
        let connections = match self {
            Self::Postgres(_) => "shard, shards, own_readings",
            Self::Sqlite(_) => "0, 1, null",
        };
        let sql = format!(
            "select stream, position, readings, quarantined, lost, last_checksum, turned_position, \
             {connections} from stream_position"
        );
        let row = |row: Columns| StreamPosition {
            stream: number(&row, 0),
            position: number(&row, 1),
            readings: number(&row, 2),
            quarantined: number(&row, 3),
            lost: number(&row, 4),
            checksum: row[5].as_ref().map(|text| text.parse().unwrap()),
            turned: row[6].as_ref().map_or(0, |text| text.parse().unwrap()),
            shard: number(&row, 7),
            shards: number(&row, 8),
            own: row[9].as_ref().map(|text| text.parse().unwrap()),
        };
        self.ask(&sql).await.into_iter().map(row).collect()
    }

    async fn readings(&self) -> Vec<Row> {
        let sql = format!(
            "select point, {}, value, quality from reading",
            self.micros("ts")
        );
        let row = |row: Columns| Row::Reading {
            point: text(&row, 0),
            micros: number(&row, 1),
            value: value(&row, 2),
            quality: number(&row, 3),
        };
        self.ask(&sql).await.into_iter().map(row).collect()
    }

    async fn texts(&self) -> Vec<Row> {
        let sql = format!(
            "select point, {}, text, quality from text_reading",
            self.micros("ts")
        );
        let row = |row: Columns| Row::Text {
            point: text(&row, 0),
            micros: number(&row, 1),
            text: text(&row, 2),
            quality: number(&row, 3),
        };
        self.ask(&sql).await.into_iter().map(row).collect()
    }

    async fn alarms(&self) -> Vec<Row> {
        let sql = format!(
            "select point, {}, from_level, to_level, value, occurrence from alarm",
            self.micros("ts")
        );
        let row = |row: Columns| Row::Alarm {
            point: text(&row, 0),
            micros: number(&row, 1),
            from: text(&row, 2),
            to: text(&row, 3),
            value: value(&row, 4),
            occurrence: number(&row, 5),
        };
        self.ask(&sql).await.into_iter().map(row).collect()
    }

    async fn alarm_events(&self) -> Vec<Row> {
        let sql = format!(
            "select coalesce(alarm, ''), coalesce(device, ''), sequence, action, \
             case when annunciated then 'annunciated' else 'silent' end, state, priority, {}, {}, \
             value, quality, coalesce(comment, '') from alarm_history",
            self.micros("ts"),
            self.micros("received")
        );
        let row = |row: Columns| Row::AlarmEvent {
            alarm: text(&row, 0),
            device: text(&row, 1),
            sequence: number(&row, 2),
            told: [3, 4, 5, 6].map(|column| text(&row, column)),
            micros: number(&row, 7),
            received: number(&row, 8),
            value: value(&row, 9),
            quality: number(&row, 10),
            comment: text(&row, 11),
        };
        self.ask(&sql).await.into_iter().map(row).collect()
    }

    async fn gaps(&self) -> Vec<Row> {
        let sql = format!(
            "select device.name, {}, {}, reason from gap join device on device.id = gap.device",
            self.micros("from_ts"),
            self.micros("until_ts")
        );
        let row = |row: Columns| Row::Gap {
            device: text(&row, 0),
            from_micros: number(&row, 1),
            until_micros: number(&row, 2),
            reason: text(&row, 3),
        };
        self.ask(&sql).await.into_iter().map(row).collect()
    }

    async fn letters(&self) -> Vec<Row> {
        let sql = format!(
            "select device, {}, reason, octets, length from dead_letter",
            self.micros("received")
        );
        let row = |row: Columns| Row::Letter {
            device: text(&row, 0),
            micros: number(&row, 1),
            reason: text(&row, 2),
            octets: text(&row, 3),
            length: number(&row, 4),
        };
        self.ask(&sql).await.into_iter().map(row).collect()
    }

    async fn deeds(&self) -> Vec<Row> {
        let sql = format!(
            "select sequence, {}, principal, action, outcome, detail from audit",
            self.micros("ts")
        );
        let row = |row: Columns| Row::Deed {
            sequence: number(&row, 0),
            micros: number(&row, 1),
            told: [2, 3, 4, 5].map(|column| text(&row, column)),
        };
        self.ask(&sql).await.into_iter().map(row).collect()
    }

    async fn minutes(&self) -> Minutes {
        let sql = format!(
            "select point, {}, count, good, min, max from reading_1m",
            self.micros("ts")
        );
        let row = |row: Columns| {
            let minute = Minute {
                count: number(&row, 2),
                good: number(&row, 3),
                min: value(&row, 4),
                max: value(&row, 5),
            };
            ((text(&row, 0), number(&row, 1)), minute)
        };
        self.ask(&sql).await.into_iter().map(row).collect()
    }

    /// The SQL for a time as microseconds since 1970.
    fn micros(&self, column: &str) -> String {
        match self {
            Self::Postgres(_) => format!("(extract(epoch from {column}) * 1000000)::bigint"),
            Self::Sqlite(_) => {
                format!("strftime('%s', {column}) * 1000000 + cast(substr({column}, -6) as int)")
            }
        }
    }

    /// What the database answers to one statement, in texts.
    pub(crate) async fn ask(&self, sql: &str) -> Vec<Columns> {
        match self {
            Self::Postgres(client) => {
                let messages = client.simple_query(sql).await.unwrap();
                let row = |message| match message {
                    SimpleQueryMessage::Row(row) => {
                        let column = |column| row.get(column).map(ToOwned::to_owned);
                        Some((0..row.len()).map(column).collect())
                    }
                    _ => None,
                };
                messages.into_iter().filter_map(row).collect()
            }
            Self::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                let count = statement.column_count();
                let row = |row: &rusqlite::Row<'_>| {
                    (0..count)
                        .map(|column| row.get(column).map(shown))
                        .collect()
                };
                let rows = statement.query_map([], row).unwrap();
                rows.collect::<Result<_, _>>().unwrap()
            }
        }
    }
}

fn shown(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Text(text) => Some(text),
        Value::Blob(bytes) => Some(format!("{bytes:?}")),
    }
}

fn text(row: &Columns, column: usize) -> String {
    row[column].clone().unwrap()
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(row: &Columns, column: usize) -> T {
    row[column].as_ref().unwrap().parse().unwrap()
}

fn value(row: &Columns, column: usize) -> Number {
    Number(row[column].as_ref().map(|text| text.parse().unwrap()))
}
