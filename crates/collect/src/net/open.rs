//! Connections that are open, as a gauge.

use gridos_telemetry::Gauge;

/// Counts a connection as open until it is dropped, however it ends.
pub(crate) struct Open<'a>(&'a Gauge);

impl<'a> Open<'a> {
    /// One more in `connections`.
    pub(crate) fn new(connections: &'a Gauge) -> Self {
        connections.add(1);
        Self(connections)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.sub(1);
    }
}
