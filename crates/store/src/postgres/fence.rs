//! Fences in the database: the table `device_epoch`, to which rows are only added.
//!
//! Whoever writes readings of shared devices holds a lock that others may hold as well; whoever adds a row
//! holds it alone. So a row is there for every transaction that begins to write behind it, and rows are
//! committed in the order of their ids: to ask for those behind the last one misses none.

use std::sync::Arc;

use gridos_model::{DeviceId, Epoch, Timestamp};

use tokio_postgres::types::ToSql;

use super::connection::Connection;
use crate::StoreError;
use crate::fence::Claims;

/// The lock of the table: "GRIDEPOC" in ASCII.
const LOCK: i64 = 0x4752_4944_4550_4f43;

/// Makes the connection know all rows there are.
pub(crate) async fn refresh(connection: &mut Connection) -> Result<(), StoreError> {
    let sql = "select id, device, epoch, since_ns from device_epoch where id > $1 order by id";
    let statement = connection.prepare(sql).await?;
    let seen = connection.fences.seen();
    let client = connection.client();
    let rows = connection
        .within(client.query(&statement, &[&seen]))
        .await?;
    let fences = Arc::make_mut(&mut connection.fences);
    for row in rows {
        let number = |column| row.get::<_, i64>(column);
        let device = DeviceId::from_raw(number(1).cast_unsigned());
        if let Some(epoch) = Epoch::new(number(2).cast_unsigned()) {
            fences.note(number(0), device, epoch, Timestamp::from_nanos(number(3)));
        }
    }
    Ok(())
}

/// Within a transaction: sees to it that nobody adds a row before its end, and adds those of `claims`.
/// Returns whether the connection knew all rows; if not, the transaction is to be rolled back.
pub(crate) async fn pass(connection: &mut Connection, claims: &Claims) -> Result<bool, StoreError> {
    let lock = match claims.is_empty() {
        true => "pg_advisory_xact_lock_shared",
        false => "pg_advisory_xact_lock",
    };
    connection.run(&format!("select {lock}({LOCK})")).await?;
    let client = connection.client();
    let asking = client.query_one("select coalesce(max(id), 0) from device_epoch", &[]);
    let last: i64 = connection.within(asking).await?.get(0);
    if last != connection.fences.seen() {
        return Ok(false);
    }
    if claims.is_empty() {
        return Ok(true);
    }
    let devices: Vec<i64> = claims
        .keys()
        .map(|(device, _)| device.raw().cast_signed())
        .collect();
    let epochs: Vec<i64> = claims
        .keys()
        .map(|(_, epoch)| epoch.get().cast_signed())
        .collect();
    let since: Vec<i64> = claims.values().map(|since| since.as_nanos()).collect();
    let sql = "insert into device_epoch (device, epoch, since_ns) \
               select * from unnest($1::int8[], $2::int8[], $3::int8[]) on conflict do nothing";
    let statement = connection.prepare(sql).await?;
    let client = connection.client();
    let values: [&(dyn ToSql + Sync); 3] = [&devices, &epochs, &since];
    connection
        .within(client.execute(&statement, &values))
        .await?;
    Ok(true)
}
