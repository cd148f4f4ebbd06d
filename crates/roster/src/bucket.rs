//! The bucket: keys with revisions, changed by compare-and-swap.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::Client;
use async_nats::HeaderMap;
use async_nats::header::HeaderValue;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::jetstream::context::{ContextBuilder, PublishErrorKind};
use async_nats::jetstream::kv;
use async_nats::jetstream::stream;
use async_nats::jetstream::{self, Context, ErrorCode};
use bytes::Bytes;
use gridos_fleet::{Revision, Share, StoreId, WriteError};
use gridos_nats::{ANSWER_TIMEOUT, ConnectError};

use crate::format;
use crate::{BucketOptions, FormatError};

/// The key of the plan.
pub(crate) const PLAN: &str = "plan";
/// The key of the canary's share.
pub(crate) const SHARE: &str = "share";
/// What the keys of members begin with.
pub(crate) const SESSION: &str = "session.";
/// What the keys of notes about channels begin with.
pub(crate) const NOTE: &str = "note.";

/// How a message says that it deletes its key.
const OPERATION: &str = "KV-Operation";
const DELETE: &str = "DEL";

/// The bucket of one fleet; cloning shares the connection.
#[derive(Clone, Debug)]
pub struct Bucket {
    jetstream: Context,
    store: kv::Store,
    name: String,
    /// Whether it was said that something is too large for the server.
    is_too_large_told: Arc<AtomicBool>,
}

/// A bucket as the leader of its stream sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) id: StoreId,
    /// The last revision that was written; 0 if none ever was.
    pub(crate) last: u64,
    /// Whether there is no key, not even a deleted one.
    pub(crate) is_empty: bool,
}

/// Why the bucket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// No server can be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server has no JetStream for this account, or not enough servers for the replicas.
    #[error("the bucket '{bucket}' cannot be opened or made: {what}")]
    Bucket {
        /// Its name.
        bucket: String,
        /// What is in the way.
        what: String,
    },
    /// What is in the bucket was not written by this version.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Somebody else was faster.
    #[error("somebody else has changed it meanwhile; try again")]
    Conflict,
    /// No answer came: it may be done or not.
    #[error("the NATS server did not answer in time; look whether it was done")]
    NoAnswer,
}

impl Bucket {
    /// Makes a connection, which is made again for as long as it takes whenever it breaks.
    ///
    /// # Errors
    /// If a file of the credentials cannot be used, or no server lets us in.
    pub(crate) async fn connect(options: &BucketOptions) -> Result<Client, BucketError> {
        Ok(gridos_nats::connect(&options.server()).await?)
    }

    /// Opens the bucket, and makes it if there is none.
    ///
    /// # Errors
    /// If no server can be reached, or it refuses.
    pub async fn open(options: &BucketOptions) -> Result<Self, BucketError> {
        Self::of(Self::connect(options).await?, options).await
    }

    /// The bucket over `client`, which is made if there is none.
    pub(crate) async fn of(client: Client, options: &BucketOptions) -> Result<Self, BucketError> {
        let jetstream = ContextBuilder::new()
            .timeout(ANSWER_TIMEOUT)
            .ack_timeout(ANSWER_TIMEOUT)
            .build(client);
        let name = options.bucket();
        let failed = |what: String| BucketError::Bucket {
            bucket: name.clone(),
            what,
        };
        let store = match jetstream.get_key_value(&name).await {
            Ok(store) => store,
            Err(_) => {
                // If another makes it meanwhile, it is the same. The library's own way asks for limits
                // that servers before 2.10 do not tell.
                let made = jetstream
                    .get_or_create_stream(stream(&name, options.replicas))
                    .await;
                made.map_err(|error| failed(error.to_string()))?;
                let opened = jetstream.get_key_value(&name).await;
                opened.map_err(|error| failed(error.to_string()))?
            }
        };
        Ok(Self {
            jetstream,
            store,
            name,
            is_too_large_told: Arc::default(),
        })
    }

    /// Which bucket this is: another when NATS lost all and it was made anew, whoever made it.
    pub fn id(&self) -> StoreId {
        id(self.store.stream.cached_info())
    }

    /// Which bucket is there now under the same name.
    ///
    /// # Errors
    /// If the server does not answer, or has none.
    pub async fn id_now(&self) -> Result<StoreId, BucketError> {
        let info = self.store.stream.get_info().await;
        info.map(|info| id(&info))
            .map_err(|error| self.failed(error))
    }

    /// What is there now under the same name; `None` if the server says that nothing is.
    ///
    /// # Errors
    /// If the server does not answer.
    pub(crate) async fn look(&self) -> Result<Option<Look>, BucketError> {
        match self.store.stream.get_info().await {
            Ok(info) => Ok(Some(Look {
                id: id(&info),
                last: info.state.last_sequence,
                is_empty: info.state.messages == 0,
            })),
            Err(error) => {
                let why = error.source().and_then(|why| why.downcast_ref());
                let is_gone = why.is_some_and(|why: &jetstream::Error| {
                    why.error_code() == ErrorCode::STREAM_NOT_FOUND
                });
                if is_gone {
                    Ok(None)
                } else {
                    Err(self.failed(error))
                }
            }
        }
    }

    /// On how many servers it is kept.
    pub(crate) fn replicas(&self) -> usize {
        self.store.stream.cached_info().config.num_replicas
    }

    /// Every key there is, and then every change.
    pub(crate) async fn watch(&self) -> Result<kv::Watch, BucketError> {
        let watch = self.store.watch_with_history(">").await;
        watch.map_err(|error| self.failed(error))
    }

    /// Writes `value` under `key`, or deletes it, if its revision still is `expect`; 0 if it never
    /// was.
    ///
    /// # Errors
    /// [`WriteError::Unknown`] if it may be done or not.
    pub(crate) async fn write(
        &self,
        key: &str,
        expect: u64,
        value: Option<Bytes>,
    ) -> Result<Revision, WriteError> {
        let mut headers = HeaderMap::new();
        headers.insert(
            NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
            HeaderValue::from(expect),
        );
        if value.is_none() {
            headers.insert(OPERATION, DELETE);
        }
        let subject = format!("$KV.{}.{key}", self.name);
        let published = self
            .jetstream
            .publish_with_headers(subject, headers, value.unwrap_or_default())
            .await;
        let acknowledged = match published {
            Ok(acknowledgement) => acknowledgement.await,
            Err(error) => Err(error),
        };
        match acknowledged {
            Ok(acknowledged) => Ok(Revision::from_raw(acknowledged.sequence)),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {
                Err(WriteError::Conflict)
            }
            Err(error) => {
                let is_too_large = error.kind() == PublishErrorKind::MaxPayloadExceeded;
                if is_too_large && !self.is_too_large_told.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        %error,
                        key,
                        "the NATS server takes no message as large as what members have to share: raise max_payload in its \
                         configuration; until then no channel goes to another member"
                    );
                }
                tracing::debug!(%error, key, "a write to the fleet's bucket has no answer");
                Err(WriteError::Unknown)
            }
        }
    }

    /// Sets the share of the devices that the canary has.
    ///
    /// # Errors
    /// If the server did not take it.
    pub async fn set_share(&self, share: Share) -> Result<(), BucketError> {
        let put = self.store.put(SHARE, format::share::write(share)).await;
        put.map(|_| ()).map_err(|error| self.failed(error))
    }

    /// What stands under `key`, with its revision.
    pub(crate) async fn read(&self, key: &str) -> Result<Option<(Bytes, u64)>, BucketError> {
        let entry = self.store.entry(key).await;
        let entry = entry.map_err(|error| self.failed(error))?;
        let is_there = |entry: &kv::Entry| entry.operation == kv::Operation::Put;
        Ok(entry
            .filter(is_there)
            .map(|entry| (entry.value, entry.revision)))
    }

    pub(crate) fn failed(&self, error: impl std::fmt::Display) -> BucketError {
        BucketError::Bucket {
            bucket: self.name.clone(),
            what: error.to_string(),
        }
    }
}

/// NATS tells the same moment on all servers, also after they were started again.
fn id(info: &stream::Info) -> StoreId {
    let nanos = info.created.unix_timestamp_nanos();
    StoreId::from_raw(u64::try_from(nanos).unwrap_or(0))
}

/// The stream that is the bucket (ADR-8 of NATS).
fn stream(bucket: &str, replicas: usize) -> stream::Config {
    stream::Config {
        name: format!("KV_{bucket}"),
        description: Some("Who polls which devices of a GridOS fleet".to_owned()),
        subjects: vec![format!("$KV.{bucket}.>")],
        max_messages_per_subject: 1,
        max_bytes: -1,
        max_messages: -1,
        discard: stream::DiscardPolicy::New,
        storage: stream::StorageType::File,
        num_replicas: replicas,
        allow_rollup: true,
        deny_delete: true,
        ..stream::Config::default()
    }
}
