//! Finds out which outstation a connection is of, and leaves it to its session.

use std::sync::Arc;
use std::time::Duration;

use gridos_dnp3::link::Address;
use gridos_telemetry::PeerRefusal;
use tokio::time::timeout;

use super::Guest;
use super::introduction::introduce;
use crate::net::{self, Arrival, Guests, Hall, Inbox, Place, Refused, recognise};

/// Who may connect to one listener.
#[derive(Debug)]
pub(super) struct Host {
    guests: Guests<Known>,
    ask_after: Duration,
    introduced_within: Duration,
}

/// An outstation that may be the one.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) master: Address,
    pub(super) outstation: Address,
    pub(super) inbox: Arc<Inbox>,
}

impl Host {
    pub(super) fn new(
        guests: Vec<Guest>,
        ask_after: Duration,
        introduced_within: Duration,
    ) -> Self {
        let guests = guests.into_iter().map(|guest| {
            let known = Known {
                master: guest.master,
                outstation: guest.outstation,
                inbox: guest.inbox,
            };
            (guest.peer, known)
        });
        Self {
            guests: Guests::new(guests),
            ask_after,
            introduced_within,
        }
    }
}

impl net::Host for Host {
    async fn serve(hall: &Hall<Self>, mut arrival: Arrival, _: &Place) -> Result<(), Refused> {
        let host = &hall.host;
        let known = recognise(&host.guests, &mut arrival).await?;
        let is_certified = arrival.certificate.is_some();
        let mut stream = arrival.stream;
        // Whoever tries the port must not end the connection of an outstation that is there.
        if let Some(inbox) = only(&known).filter(|inbox| is_certified || !inbox.is_heard()) {
            inbox.put(stream);
            return Ok(());
        }
        let introducing = introduce(&mut stream, &known, host.ask_after);
        let introduced = timeout(host.introduced_within, introducing).await;
        let (inbox, begun) = introduced.unwrap_or_else(|_| {
            let why = "no frame told which outstation it is";
            Err((PeerRefusal::Silent, why.to_owned()))
        })?;
        inbox.put(stream.begun(begun));
        Ok(())
    }
}

/// The inbox of all of them, if they share one.
fn only(known: &[Known]) -> Option<&Arc<Inbox>> {
    let (first, others) = known.split_first()?;
    let is_shared = |other: &Known| Arc::ptr_eq(&first.inbox, &other.inbox);
    others.iter().all(is_shared).then_some(&first.inbox)
}
