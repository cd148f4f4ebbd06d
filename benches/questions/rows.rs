//! The table with one row for each reading: COPY BINARY into (point, ts, value, quality), and then the
//! index that serves a point over time, which is quicker than to keep it meanwhile.

use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;

use crate::postgres::Cluster;
use crate::{BEGIN_MS, POINTS, SECONDS, value};

const PIECE_BYTES: usize = 128 << 10;
const PG_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Fills the database `rows`; says how long that took.
pub(crate) async fn fill(cluster: &Cluster, devices: usize) -> Duration {
    let client = cluster.connect("rows").await;
    client
        .batch_execute(
            "create table point (id bigint primary key, name text not null unique); \
             create table reading (ts timestamptz not null, value double precision, \
             point bigint not null, quality integer not null)",
        )
        .await
        .unwrap();
    for device in 0..devices {
        for point in 0..POINTS {
            let (id, name) = (id(device, point), format!("d{device}.p{point}"));
            let insert = "insert into point values ($1, $2)";
            client.execute(insert, &[&id, &name]).await.unwrap();
        }
    }
    let began = Instant::now();
    let sink = client
        .copy_in::<_, Bytes>("copy reading from stdin (format binary)")
        .await
        .unwrap();
    let mut sink = pin!(sink);
    let mut piece = BytesMut::from(&gridos_rows::copy::HEADER[..]);
    for second in 0..SECONDS {
        let micros = BEGIN_MS * 1_000 + 1_000_000 * second as i64 - PG_EPOCH_MICROS;
        for device in 0..devices {
            for point in 0..POINTS {
                row(
                    id(device, point),
                    micros,
                    value(device, point, second),
                    &mut piece,
                );
            }
        }
        if piece.len() >= PIECE_BYTES {
            sink.feed(piece.split().freeze()).await.unwrap();
        }
    }
    piece.put_i16(-1);
    sink.feed(piece.freeze()).await.unwrap();
    sink.finish().await.unwrap();
    client
        .batch_execute("create index on reading (point, ts)")
        .await
        .unwrap();
    began.elapsed()
}

fn id(device: usize, point: usize) -> i64 {
    (device * POINTS + point) as i64
}

fn row(point: i64, micros: i64, value: f64, out: &mut BytesMut) {
    out.put_i16(4);
    out.put_i32(8);
    out.put_i64(micros);
    out.put_i32(8);
    out.put_f64(value);
    out.put_i32(8);
    out.put_i64(point);
    out.put_i32(4);
    out.put_i32(0);
}
