//! The stream at the server: made if need be, written to, read and cut off.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use async_nats::jetstream::context::{ContextBuilder, PublishAckFuture, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, RawMessageErrorKind, StorageType, Stream,
};
use gridos_journal::{LayoutDefinition, Position, StreamId};
use gridos_model::LayoutId;
use gridos_nats::{ANSWER_TIMEOUT, ConnectError};

use crate::RelayOptions;
use crate::parts;

/// Room for headers in a message.
const HEADERS_BYTES: usize = 4 << 10;
/// A message of at most so many bytes is sent, also where servers take larger ones.
const PAYLOAD_MAX: usize = 1 << 20;
/// Messages whose receipt is not there yet.
const ACKS_MAX: usize = 1_024;
/// A consumer that nobody asks any more goes away by itself.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
/// Replaces what the subject had.
const ROLLUP: &str = "Nats-Rollup";
const ROLLUP_SUBJECT: &str = "sub";

/// The stream; cloning shares the connection.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    jetstream: Context,
    options: Arc<RelayOptions>,
}

/// By what the server knows a piece again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) stream: StreamId,
    pub(crate) from: Position,
    pub(crate) until: Position,
    pub(crate) round: u64,
}

impl Name {
    fn of_part(&self, nth: usize) -> String {
        let Self {
            stream,
            from,
            until,
            round,
        } = self;
        format!("{stream}:{from}-{until}:{round}:{nth}")
    }
}

/// Why the stream cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// No server can be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server has no JetStream for this account, or refuses, or does not answer.
    #[error("the stream '{stream}' cannot be used: {what}")]
    Stream {
        /// Its name.
        stream: String,
        /// What is in the way.
        what: String,
    },
    /// It holds as much as it may: writers have to store something of it first.
    #[error(
        "the stream '{stream}' is full: no writer stores what is in it, or not fast enough; the journal holds \
         back meanwhile"
    )]
    Full {
        /// Its name.
        stream: String,
    },
}

impl Channel {
    /// A connection that is made for as long as it takes.
    pub(crate) async fn connect(options: &RelayOptions) -> Result<Self, RelayError> {
        let client = gridos_nats::connect_later(&options.server).await?;
        let jetstream = ContextBuilder::new()
            .timeout(ANSWER_TIMEOUT)
            .ack_timeout(ANSWER_TIMEOUT)
            .max_ack_inflight(ACKS_MAX)
            .build(client);
        Ok(Self {
            jetstream,
            options: Arc::new(options.clone()),
        })
    }

    pub(crate) fn options(&self) -> &RelayOptions {
        &self.options
    }

    pub(crate) fn client(&self) -> Client {
        self.jetstream.client()
    }

    /// The stream, which is made if there is none. Nothing of one that is there is changed.
    pub(crate) async fn stream(&self) -> Result<Stream, RelayError> {
        let name = self.options.stream();
        match self.jetstream.get_stream(&name).await {
            Ok(stream) => Ok(stream),
            Err(_) => {
                let config = config(&self.options);
                let made = self.jetstream.get_or_create_stream(config).await;
                made.map_err(|error| self.failed(error))
            }
        }
    }

    /// Bytes of the journal that one piece should have.
    pub(crate) fn piece_bytes(&self) -> usize {
        self.payload_max() / 8 * 7
    }

    /// Sends a piece; the receipts are still to be waited for. The server knows it again by its name,
    /// and does not take it twice.
    pub(crate) async fn send_piece(
        &self,
        name: &Name,
        piece: Vec<u8>,
    ) -> Result<Vec<PublishAckFuture>, RelayError> {
        let subject = self.options.pieces_of(name.stream);
        let mut receipts = Vec::new();
        for (nth, (headers, payload)) in (1..).zip(parts::cut(piece, self.payload_max())) {
            let message = PublishMessage::build()
                .headers(headers)
                .payload(payload)
                .message_id(name.of_part(nth));
            let sent = self.jetstream.send_publish(subject.clone(), message).await;
            receipts.push(sent.map_err(|error| self.failed(error))?);
        }
        Ok(receipts)
    }

    /// Sends what a layout is; the receipt is still to be waited for.
    pub(crate) async fn send_layout(
        &self,
        layout: &LayoutDefinition,
    ) -> Result<PublishAckFuture, RelayError> {
        let message = PublishMessage::build()
            .header(ROLLUP, ROLLUP_SUBJECT)
            .payload(layout.to_bytes().into());
        let subject = self.options.layout(layout.id);
        let sent = self.jetstream.send_publish(subject, message).await;
        sent.map_err(|error| self.failed(error))
    }

    /// Waits until the server has a message; returns its number.
    pub(crate) async fn receipt(&self, receipt: PublishAckFuture) -> Result<u64, RelayError> {
        match receipt.await {
            Ok(receipt) => Ok(receipt.sequence),
            Err(error) => {
                // The library has no kind for it (code 10077, "maximum bytes exceeded").
                let what = chain(&error);
                let is_full = error.kind() == PublishErrorKind::Other && what.contains("exceeded");
                match is_full {
                    true => Err(RelayError::Full {
                        stream: self.options.stream(),
                    }),
                    false => Err(self.failed(what)),
                }
            }
        }
    }

    /// What the layout `id` is, if anybody said so.
    pub(crate) async fn layout(
        &self,
        id: LayoutId,
    ) -> Result<Option<LayoutDefinition>, RelayError> {
        let stream = self.stream().await?;
        let subject = self.options.layout(id);
        match stream.get_last_raw_message_by_subject(&subject).await {
            Ok(found) => Ok(LayoutDefinition::from_bytes(&found.payload)),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Whether the message with that number is still the last of the `parts` of that piece: a stream
    /// that was made anew counts from 1 again.
    pub(crate) async fn has(
        &self,
        sequence: u64,
        name: &Name,
        parts: usize,
    ) -> Result<bool, RelayError> {
        let stream = self.stream().await?;
        match stream.get_raw_message(sequence).await {
            Ok(found) => {
                let said = found.headers.get(NATS_MESSAGE_ID);
                Ok(said.is_some_and(|said| said.as_str() == name.of_part(parts)))
            }
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Deletes the pieces of `stream` up to and with the message `sequence`.
    pub(crate) async fn forget(&self, stream: StreamId, sequence: u64) -> Result<(), RelayError> {
        let found = self.stream().await?;
        let purge = found.purge().filter(self.options.pieces_of(stream));
        let purged = purge.sequence(sequence + 1).await;
        purged.map(|_| ()).map_err(|error| self.failed(error))
    }

    /// The journals of which there are pieces.
    pub(crate) async fn journals(&self) -> Result<Vec<StreamId>, RelayError> {
        let stream = self.stream().await?;
        let found = stream.info_with_subjects(self.options.pieces()).await;
        let mut subjects = found.map_err(|error| self.failed(error))?;
        let mut journals = Vec::new();
        while let Some(found) = futures_util::StreamExt::next(&mut subjects).await {
            let (subject, _) = found.map_err(|error| self.failed(error))?;
            journals.extend(self.options.stream_of(&subject));
        }
        Ok(journals)
    }

    /// Whoever reads `subject` from the message `sequence` on.
    pub(crate) async fn consumer(
        &self,
        subject: String,
        sequence: u64,
    ) -> Result<Consumer<pull::Config>, RelayError> {
        let stream = self.stream().await?;
        let config = pull::Config {
            filter_subject: subject,
            ack_policy: AckPolicy::None,
            deliver_policy: match sequence {
                0 | 1 => DeliverPolicy::All,
                start_sequence => DeliverPolicy::ByStartSequence { start_sequence },
            },
            inactive_threshold: FORGOTTEN_AFTER,
            ..pull::Config::default()
        };
        let made = stream.create_consumer(config).await;
        made.map_err(|error| self.failed(error))
    }

    pub(crate) fn failed(&self, error: impl ToString) -> RelayError {
        RelayError::Stream {
            stream: self.options.stream(),
            what: error.to_string(),
        }
    }

    fn payload_max(&self) -> usize {
        let most = self.jetstream.client().server_info().max_payload;
        let most = match most {
            0 => PAYLOAD_MAX,
            most => most.min(PAYLOAD_MAX),
        };
        most.saturating_sub(HEADERS_BYTES).max(HEADERS_BYTES)
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn config(options: &RelayOptions) -> Config {
    Config {
        name: options.stream(),
        description: Some("Journals of GridOS engines on their way to the database".to_owned()),
        subjects: vec![options.all()],
        max_bytes: options.bytes_max,
        max_messages: -1,
        // A full stream holds engines back; discarding the oldest would lose what nobody stored.
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: options.replicas,
        allow_rollup: true,
        ..Config::default()
    }
}
