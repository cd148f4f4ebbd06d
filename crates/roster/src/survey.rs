//! What the servers and the bucket are, for whoever looks whether all is fit.

use async_nats::jetstream::context::ContextBuilder;
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
        let account = jetstream.query_account().await;
        account.map_err(|error| BucketError::Bucket {
            bucket: options.bucket(),
            what: error.to_string(),
        })?;
        let stream = jetstream
            .get_stream(format!("KV_{}", options.bucket()))
            .await;
        Ok(Self {
            replicas: stream
                .ok()
                .map(|stream| stream.cached_info().config.num_replicas),
            message_bytes_max,
        })
    }
}
