//! The everyday questions, as they are asked of the arrays' views and of a table with a row for each reading.

/// One question.
pub(crate) struct Question {
    pub(crate) text: &'static str,
    /// Of GridOS's views.
    pub(crate) arrays: &'static str,
    /// Of the table of rows.
    pub(crate) rows: &'static str,
    /// The rows of its answer.
    pub(crate) answer: usize,
}

pub(crate) const QUESTIONS: &[Question] = &[
    Question {
        text: "one point over an hour",
        arrays: "select ts, value from reading where point = 'd1.p11' \
                 and ts >= '2026-11-23 01:00+00' and ts < '2026-11-23 02:00+00' order by ts",
        rows: "select ts, value from reading where point = (select id from point where name = 'd1.p11') \
               and ts >= '2026-11-23 01:00+00' and ts < '2026-11-23 02:00+00' order by ts",
        answer: 3_600,
    },
    Question {
        text: "every point of a device at an instant",
        arrays: "select distinct on (point) point, ts, value from reading \
                 where point like 'd1.%' and ts > '2026-11-23 01:59+00' and ts <= '2026-11-23 02:00+00' \
                 order by point, ts desc",
        rows: "select point.name, last.ts, last.value from point cross join lateral ( \
                   select ts, value from reading where reading.point = point.id \
                   and ts > '2026-11-23 01:59+00' and ts <= '2026-11-23 02:00+00' order by ts desc limit 1 \
               ) as last where point.name like 'd1.%'",
        answer: 32,
    },
    Question {
        text: "the latest value of every point of a device",
        arrays: "select point, ts, value from latest where point like 'd1.%'",
        rows: "select point.name, last.ts, last.value from point cross join lateral ( \
                   select ts, value from reading where reading.point = point.id order by ts desc limit 1 \
               ) as last where point.name like 'd1.%'",
        answer: 32,
    },
    Question {
        text: "hourly minimum, maximum and average of a point, a day",
        arrays: "select date_trunc('hour', ts) as hour, min(value), max(value), avg(value) from reading \
                 where point = 'd1.p11' and ts >= '2026-11-23 00:00+00' and ts < '2026-11-24 00:00+00' \
                 group by hour order by hour",
        rows: "select date_trunc('hour', ts) as hour, min(value), max(value), avg(value) from reading \
               where point = (select id from point where name = 'd1.p11') \
               and ts >= '2026-11-23 00:00+00' and ts < '2026-11-24 00:00+00' group by hour order by hour",
        answer: 24,
    },
    Question {
        text: "the same from minutes",
        arrays: "select date_trunc('hour', ts) as hour, min(min), max(max), sum(avg * good) / sum(good) \
                 from reading_1m where point = 'd1.p11' \
                 and ts >= '2026-11-23 00:00+00' and ts < '2026-11-24 00:00+00' group by hour order by hour",
        rows: "select date_trunc('hour', ts) as hour, min(value), max(value), avg(value) from reading \
               where point = (select id from point where name = 'd1.p11') \
               and ts >= '2026-11-23 00:00+00' and ts < '2026-11-24 00:00+00' group by hour order by hour",
        answer: 24,
    },
    Question {
        text: "what was bad of a device in an hour",
        arrays: "select point, count(*) from reading where point like 'd1.%' and quality <> 0 \
                 and ts >= '2026-11-23 01:00+00' and ts < '2026-11-23 02:00+00' group by point",
        rows: "select point.name, count(*) from reading join point on point.id = reading.point \
               where point.name like 'd1.%' and quality <> 0 \
               and ts >= '2026-11-23 01:00+00' and ts < '2026-11-23 02:00+00' group by point.name",
        answer: 0,
    },
];
