//! What the stream is, for whoever looks whether all is fit.

use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::stream::DiscardPolicy;
use gridos_nats::ANSWER_TIMEOUT;

use crate::{RelayError, RelayOptions};

/// What was found of the stream; nothing is made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survey {
    /// JetStream is there, and the stream will be made.
    Absent,
    /// The stream is there.
    There {
        /// Bytes in it.
        bytes: u64,
        /// Bytes that it may hold; `None` for no bound.
        bytes_max: Option<u64>,
        /// On how many servers it is kept.
        replicas: usize,
        /// Whether it refuses what is new when it is full. Otherwise it gives up the oldest.
        holds_back: bool,
    },
}

impl Survey {
    /// Looks once.
    ///
    /// # Errors
    /// If no server can be used, or it has no JetStream for this account.
    pub async fn of(options: &RelayOptions) -> Result<Self, RelayError> {
        let client = gridos_nats::connect(&options.server).await?;
        let jetstream = ContextBuilder::new().timeout(ANSWER_TIMEOUT).build(client);
        let failed = |what: String| RelayError::Stream {
            stream: options.stream(),
            what,
        };
        let account = jetstream.query_account().await;
        account.map_err(|error| failed(error.to_string()))?;
        let Ok(stream) = jetstream.get_stream(options.stream()).await else {
            return Ok(Self::Absent);
        };
        let info = stream.cached_info();
        Ok(Self::There {
            bytes: info.state.bytes,
            bytes_max: u64::try_from(info.config.max_bytes).ok(),
            replicas: info.config.num_replicas,
            holds_back: info.config.discard == DiscardPolicy::New,
        })
    }
}
