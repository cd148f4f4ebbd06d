//! Receipts: the only way back from the disk to whoever sent a batch.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// The batch is durable: a power cut at this moment would not lose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durable {
    /// The journal position behind the batch.
    pub position: u64,
}

/// The engine will never say that the batch is durable: nothing may be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the batch was not made durable; send it again")]
pub struct Lost;

/// The pipeline's half: goes with the batch and is redeemed once it is durable.
///
/// Dropping it unredeemed tells the other half [`Lost`].
#[derive(Debug)]
pub struct Receipt(oneshot::Sender<Durable>);

/// The producer's half.
#[derive(Debug)]
pub struct Receiver(oneshot::Receiver<Durable>);

impl Receipt {
    /// Both halves of a new receipt.
    pub fn pair() -> (Self, Receiver) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), Receiver(receiver))
    }

    /// Tells the producer that everything before `position` is durable.
    pub fn redeem(self, position: u64) {
        // The producer may have gone away meanwhile: then nobody needs to know.
        let _ = self.0.send(Durable { position });
    }
}

impl Receiver {
    /// Waits until the batch is durable, or is known never to become so.
    pub async fn wait(self) -> Result<Durable, Lost> {
        self.0.await.map_err(|_| Lost)
    }
}

impl Future for Receiver {
    type Output = Result<Durable, Lost>;

    /// As [`Receiver::wait`], for who waits for many at once. It must not be polled again after it
    /// was ready.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let receiver = Pin::new(&mut self.get_mut().0);
        receiver
            .poll(context)
            .map(|answer| answer.map_err(|_| Lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn a_redeemed_receipt_arrives() {
        let (receipt, receiver) = Receipt::pair();
        receipt.redeem(77);
        assert_eq!(block_on(receiver.wait()), Ok(Durable { position: 77 }));
    }

    #[test]
    fn a_dropped_receipt_is_lost() {
        let (receipt, receiver) = Receipt::pair();
        drop(receipt);
        assert_eq!(block_on(receiver.wait()), Err(Lost));
    }
}
