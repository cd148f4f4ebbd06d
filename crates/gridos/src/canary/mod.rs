//! The canary: what Prometheus knows of two versions, and a roll-out rehearsed on this machine.

pub(crate) mod evidence;
pub(crate) mod manifests;
mod prometheus;
pub(crate) mod rehearse;
mod series;

pub(crate) use self::manifests::{Manifests, ManifestsError};
pub(crate) use self::prometheus::{Prometheus, PrometheusError};
