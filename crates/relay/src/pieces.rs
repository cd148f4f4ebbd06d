//! Messages of one subject, in order, asked for as long as there is room for them.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{Consumer, pull};
use bytes::Bytes;
use futures_util::StreamExt as _;

use crate::RelayError;
use crate::channel::Channel;

/// Messages of one question; each may be a MiB.
const MESSAGES_MAX: usize = 16;
/// How long the server waits for some.
const WAIT: Duration = Duration::from_millis(500);

/// Reads the messages of a subject.
#[derive(Debug)]
pub(crate) struct Messages {
    channel: Channel,
    subject: String,
    consumer: Option<Consumer<pull::Config>>,
    /// The next one wanted.
    next: u64,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) sequence: u64,
    pub(crate) headers: Option<HeaderMap>,
    pub(crate) payload: Bytes,
}

impl Messages {
    /// Those of `subject`, from the first one on.
    pub(crate) fn of(channel: &Channel, subject: String) -> Self {
        Self {
            channel: channel.clone(),
            subject,
            consumer: None,
            next: 1,
        }
    }

    /// The next ones; none if none came in half a second.
    pub(crate) async fn fetch(&mut self) -> Result<Vec<Message>, RelayError> {
        let fetched = self.try_fetch().await;
        if fetched.is_err() {
            // It may have gone with its server, and the stream with it.
            self.consumer = None;
        }
        fetched
    }

    /// Begins with the first one again: the stream may be another one.
    pub(crate) fn restart(&mut self) {
        (self.consumer, self.next) = (None, 1);
    }

    async fn try_fetch(&mut self) -> Result<Vec<Message>, RelayError> {
        let channel = &self.channel;
        let consumer = match &self.consumer {
            Some(consumer) => consumer,
            None => {
                let made = channel.consumer(self.subject.clone(), self.next).await?;
                self.consumer.insert(made)
            }
        };
        let batch = consumer.fetch().max_messages(MESSAGES_MAX).expires(WAIT);
        let batch = batch.messages().await;
        let mut batch = batch.map_err(|error| channel.failed(error))?;
        let mut messages = Vec::new();
        while let Some(message) = batch.next().await {
            let message = message.map_err(|error| channel.failed(error))?;
            let sequence = match message.info() {
                Ok(info) => info.stream_sequence,
                Err(error) => return Err(channel.failed(error)),
            };
            self.next = sequence + 1;
            messages.push(Message {
                sequence,
                headers: message.headers.clone(),
                payload: message.payload.clone(),
            });
        }
        Ok(messages)
    }
}
