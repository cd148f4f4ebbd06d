//! Single reads by hand: what `gridos probe` and `gridos discover` ask a device.

use std::time::{Duration, Instant};

use gridos_modbus::{Table, Values};

use super::client::Client;
use super::error::ReadError;
use crate::net::{Connector, Via};

/// A connection to one unit that is read by hand, outside any schedule.
///
/// After any error but an exception it must not be used again: a late answer could be taken for
/// the next one.
pub struct Probe {
    client: Client,
    unit: u8,
    timeout: Duration,
}

/// What came back, and how long it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed<T> {
    /// One per register or bit that was asked for.
    pub values: Vec<T>,
    /// From the sending of the request to the end of its answer.
    pub round_trip: Duration,
}

impl Probe {
    /// Connects to `port` of `host` over `via`, for reads of `unit`; connecting and each answer may
    /// take `timeout`.
    ///
    /// # Errors
    /// If the connection cannot be made.
    pub async fn connect(
        host: &str,
        port: u16,
        via: Via,
        unit: u8,
        timeout: Duration,
    ) -> Result<Self, ReadError> {
        let stream = Connector::new(host, port, via).connect(timeout).await?;
        Ok(Self {
            client: Client::new(stream),
            unit,
            timeout,
        })
    }

    /// Reads `count` (1 to 125) registers of `table` from `start` on.
    ///
    /// # Errors
    /// If the device does not answer with that many registers; [`ReadError::Protocol`] also if
    /// `table` has bits.
    pub async fn registers(
        &mut self,
        table: Table,
        start: u16,
        count: u16,
    ) -> Result<Probed<u16>, ReadError> {
        let (read, round_trip) = self.read(table, start, count).await?;
        let values = read.registers().ok_or_else(|| other_kind(table))?.to_vec();
        Ok(Probed { values, round_trip })
    }

    /// Reads `count` (1 to 2,000) bits of `table` from `start` on.
    ///
    /// # Errors
    /// If the device does not answer with that many bits; [`ReadError::Protocol`] also if
    /// `table` has registers.
    pub async fn bits(
        &mut self,
        table: Table,
        start: u16,
        count: u16,
    ) -> Result<Probed<bool>, ReadError> {
        let (read, round_trip) = self.read(table, start, count).await?;
        let values = read.bits().ok_or_else(|| other_kind(table))?.collect();
        Ok(Probed { values, round_trip })
    }

    async fn read(
        &mut self,
        table: Table,
        start: u16,
        count: u16,
    ) -> Result<(Values, Duration), ReadError> {
        let sent = Instant::now();
        let read = self
            .client
            .read(self.unit, table, (start, count), self.timeout);
        Ok((read.await?, sent.elapsed()))
    }
}

fn other_kind(table: Table) -> ReadError {
    ReadError::Protocol(format!("the values of {table} are of the other kind"))
}
