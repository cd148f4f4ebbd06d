//! Messages of one subject, in order, asked for as long as there is room for them.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{Consumer, pull};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::RelayError;
use crate::channel::Channel;

/// Messages of one question; each may be a MiB.
const MESSAGES_MAX: usize = 16;
/// How long the server waits for some.
const WAIT: Duration = Duration::from_millis(500);
/// After so many questions without an answer it is looked whether anybody is there to give one.
const SILENT_MAX: u32 = 4;
/// A question for what is there is answered at once. It was lost with the server that had it, if it is not
/// answered for so long; nobody else gives an answer or ends the wait.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Reads the messages of a subject.
#[derive(Debug)]
pub(crate) struct Messages {
    channel: Channel,
    subject: String,
    consumer: Option<Consumer<pull::Config>>,
    /// The next one wanted.
    next: u64,
    /// How many of the consumer's messages came.
    came: u64,
    /// How many questions in a row brought nothing.
    silent: u32,
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
            came: 0,
            silent: 0,
        }
    }

    /// The next ones; none if none came in half a second.
    ///
    /// # Errors
    /// If the stream cannot be read; then it begins with the first one again, for it may be another
    /// stream by then.
    pub(crate) async fn fetch(&mut self) -> Result<Vec<Message>, RelayError> {
        let fetched = self.try_fetch().await;
        if fetched.is_err() {
            *self = Self::of(&self.channel, std::mem::take(&mut self.subject));
        }
        fetched
    }

    async fn try_fetch(&mut self) -> Result<Vec<Message>, RelayError> {
        let channel = self.channel.clone();
        let consumer = match &self.consumer {
            Some(consumer) => consumer.clone(),
            None => {
                let made = channel.consumer(self.subject.clone(), self.next).await?;
                self.consumer.insert(made).clone()
            }
        };
        let mut messages = Vec::new();
        let first = consumer.batch().max_messages(1).expires(WAIT).messages();
        let first = first.await.map_err(|error| channel.failed(error))?;
        self.take(first, &mut messages).await?;
        if messages.is_empty() {
            return self.on_silence(&consumer).await.map(|()| messages);
        }
        self.silent = 0;
        // What is there already, and no more.
        let others = consumer.fetch().max_messages(MESSAGES_MAX).messages();
        let others = others.await.map_err(|error| channel.failed(error))?;
        self.take(others, &mut messages).await?;
        Ok(messages)
    }

    /// A consumer that went away with its stream says nothing either.
    async fn on_silence(&mut self, consumer: &Consumer<pull::Config>) -> Result<(), RelayError> {
        self.silent += 1;
        if self.silent.is_multiple_of(SILENT_MAX) {
            self.look_after(consumer).await?;
        }
        Ok(())
    }

    async fn look_after(&self, consumer: &Consumer<pull::Config>) -> Result<(), RelayError> {
        let known = consumer.get_info().await;
        let known = known.map_err(|error| self.channel.failed(error))?;
        match known.delivered.consumer_sequence > self.came {
            true => Err(self.lost()),
            false => Ok(()),
        }
    }

    /// Nobody acknowledges messages, so the consumer gives none twice: what was on the way when a connection
    /// ended is read by a new consumer.
    fn lost(&self) -> RelayError {
        self.channel.failed("messages were lost on the way")
    }

    /// Makes sure that the stream still is the one whose numbers were told.
    ///
    /// # Errors
    /// If it is not, or that cannot be known.
    pub(crate) async fn check(&self) -> Result<(), RelayError> {
        match &self.consumer {
            Some(consumer) => self.look_after(consumer).await,
            None => Ok(()),
        }
    }

    async fn answer<T>(
        &self,
        batch: &mut (impl futures_util::Stream<Item = T> + Unpin),
    ) -> Result<Option<T>, RelayError> {
        let answer = timeout(ANSWERED_WITHIN, batch.next()).await;
        answer.map_err(|_| self.channel.failed("a question was not answered"))
    }

    async fn take(
        &mut self,
        mut batch: pull::Batch,
        messages: &mut Vec<Message>,
    ) -> Result<(), RelayError> {
        while let Some(message) = self.answer(&mut batch).await? {
            let message = message.map_err(|error| self.channel.failed(error))?;
            let (sequence, number) = match message.info() {
                Ok(info) => (info.stream_sequence, info.consumer_sequence),
                Err(error) => return Err(self.channel.failed(error)),
            };
            if number != self.came + 1 {
                return Err(self.lost());
            }
            (self.next, self.came) = (sequence + 1, number);
            messages.push(Message {
                sequence,
                headers: message.headers.clone(),
                payload: message.payload.clone(),
            });
        }
        Ok(())
    }
}
