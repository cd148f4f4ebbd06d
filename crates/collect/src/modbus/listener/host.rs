//! What a listener does for those who are let in.

use std::sync::Arc;
use std::time::Duration;

use gridos_ring::Intake;

use super::super::device::StartError;
use super::conversation::Conversation;
use super::pushed::Pusher;
use super::{Confirm, Service};
use crate::net::{self, Arrival, Guests, Inbox, Place, Refused, recognise};

/// What all connections of a listener share.
pub(super) type Hall = net::Hall<Host>;

/// What a listener is for, and how long a connection may be silent.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) idle_timeout: Duration,
    purpose: Purpose,
}

#[derive(Debug)]
enum Purpose {
    Server {
        guests: Guests<Arc<Pusher>>,
        confirm: Confirm,
        parts_within: Duration,
    },
    DialIn {
        guests: Guests<Arc<Inbox>>,
    },
}

impl Host {
    pub(super) fn new(
        service: Service,
        idle_timeout: Duration,
        intake: &Intake,
    ) -> Result<Self, StartError> {
        let purpose = match service {
            Service::Server {
                guests,
                confirm,
                parts_within,
            } => Purpose::Server {
                guests: guests.try_map(|device| device.pusher(intake))?,
                confirm,
                parts_within,
            },
            Service::DialIn { guests } => Purpose::DialIn { guests },
        };
        Ok(Self {
            idle_timeout,
            purpose,
        })
    }
}

impl net::Host for Host {
    async fn serve(hall: &Hall, mut arrival: Arrival, place: &Place) -> Result<(), Refused> {
        match &hall.host.purpose {
            Purpose::Server {
                guests,
                confirm,
                parts_within,
            } => {
                let pushers = recognise(guests, &mut arrival).await?;
                Conversation::new(hall, arrival.stream, pushers, (*confirm, *parts_within))
                    .run(place)
                    .await
            }
            Purpose::DialIn { guests } => {
                let inboxes = recognise(guests, &mut arrival).await?;
                if let Some(inbox) = inboxes.into_iter().next() {
                    inbox.put(arrival.stream);
                }
                Ok(())
            }
        }
    }
}
