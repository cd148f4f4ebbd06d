//! What the stream is, for whoever looks whether all is fit.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{ContextBuilder, GetStreamError, GetStreamErrorKind};
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
        // The library's question about the account is not understood of servers before 2.10.
        let stream = match jetstream.get_stream(options.stream()).await {
            Ok(stream) => stream,
            Err(error) if is_absent(&error) => return Ok(Self::Absent),
            Err(error) => return Err(failed(error.to_string())),
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

fn is_absent(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(why) if why.error_code() == ErrorCode::STREAM_NOT_FOUND)
}
