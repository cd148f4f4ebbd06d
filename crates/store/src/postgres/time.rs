//! Timestamps as the driver's parameters and results.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use gridos_model::Timestamp;
use gridos_rows::copy::{PG_EPOCH_MICROS, from_pg_micros, pg_micros};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// A `timestamptz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PgTime(pub(crate) Timestamp);

/// A `timestamptz` in microseconds since 1970; may lie beyond the range of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PgMicros(pub(crate) i64);

/// A `tid`: where in its table a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowPlace(pub(crate) i64);

impl ToSql for PgMicros {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i64(self.0.saturating_sub(PG_EPOCH_MICROS));
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for PgMicros {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        Ok(Self(micros.saturating_add(PG_EPOCH_MICROS)))
    }

    accepts!(TIMESTAMPTZ);
}

impl<'a> FromSql<'a> for RowPlace {
    /// The block and the place in it, as they sort.
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let raw: [u8; 6] = raw.try_into()?;
        let [a, b, c, d, e, f] = raw;
        Ok(Self(i64::from_be_bytes([0, 0, a, b, c, d, e, f])))
    }

    accepts!(TID);
}

impl ToSql for PgTime {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i64(pg_micros(self.0));
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for PgTime {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        Ok(Self(from_pg_micros(micros)))
    }

    accepts!(TIMESTAMPTZ);
}
