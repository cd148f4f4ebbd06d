//! What is being given back: first by the hands, then by what is noted of it.

use std::pin::Pin;

use bytes::Bytes;
use gridos_model::DeviceId;
use tokio::sync::oneshot;

type Said = Vec<(DeviceId, Bytes)>;

/// One order, until all of it is given back; nothing at first.
#[derive(Default)]
pub(crate) struct UnderWay {
    channels: Vec<DeviceId>,
    step: Step,
}

#[derive(Default)]
enum Step {
    #[default]
    Nothing,
    Hands(oneshot::Receiver<Said>),
    Notes(Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl UnderWay {
    /// The hands give back `channels`, and tell `said` then.
    pub(crate) fn of_hands(channels: Vec<DeviceId>, said: oneshot::Receiver<Said>) -> Self {
        Self {
            channels,
            step: Step::Hands(said),
        }
    }

    /// The hands have; `noting` ends when that is noted.
    pub(crate) fn of_notes(
        channels: Vec<DeviceId>,
        noting: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self {
            channels,
            step: Step::Notes(Box::pin(noting)),
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self.step, Step::Nothing)
    }

    /// What is not yet given back.
    pub(crate) fn channels(&self) -> &[DeviceId] {
        &self.channels
    }

    /// Ends with each step: what the hands said, and then nothing. Never, while nothing is under way; may be
    /// dropped while it waits.
    pub(crate) async fn next(&mut self) -> Option<Said> {
        match &mut self.step {
            // Hands that are gone have nothing either.
            Step::Hands(said) => Some(said.await.unwrap_or_default()),
            Step::Notes(noting) => {
                noting.await;
                None
            }
            Step::Nothing => std::future::pending().await,
        }
    }

    /// The step is done: what it was about.
    pub(crate) fn take(&mut self) -> Vec<DeviceId> {
        std::mem::take(self).channels
    }
}

impl std::fmt::Debug for UnderWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("UnderWay").field(&self.channels).finish()
    }
}
