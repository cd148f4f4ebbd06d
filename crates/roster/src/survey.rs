//! What the servers and the bucket are, for whoever looks whether all is fit.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{ContextBuilder, GetStreamErrorKind};
use gridos_nats::ANSWER_TIMEOUT;

use crate::bucket::Bucket;
use crate::{BucketError, BucketOptions};

/// What was found; nothing is made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survey {
    /// On how many servers the bucket is kept; none if it will be made.
    pub replicas: Option<usize>,
    /// The most bytes that the server takes as one message.
    pub message_bytes_max: usize,
}

impl Survey {
    /// Looks once.
    ///
    /// # Errors
    /// If no server can be used, or it has no JetStream for this account.
    pub async fn of(options: &BucketOptions) -> Result<Self, BucketError> {
        let client = Bucket::connect(options).await?;
        let message_bytes_max = client.server_info().max_payload;
        let jetstream = ContextBuilder::new().timeout(ANSWER_TIMEOUT).build(client);
        // The library's question about the account is not understood of servers before 2.10.
        let stream = jetstream
            .get_stream(format!("KV_{}", options.bucket()))
            .await;
        let replicas = match stream {
            Ok(stream) => Some(stream.cached_info().config.num_replicas),
            Err(error) if is_absence(&error.kind()) => None,
            Err(error) => {
                return Err(BucketError::Bucket {
                    bucket: options.bucket(),
                    what: error.to_string(),
                });
            }
        };
        Ok(Self {
            replicas,
            message_bytes_max,
        })
    }
}

/// Whether JetStream is there, and the bucket is not.
fn is_absence(error: &GetStreamErrorKind) -> bool {
    matches!(
        error,
        GetStreamErrorKind::JetStream(why) if why.error_code() == ErrorCode::STREAM_NOT_FOUND
    )
}
