//! `gridos probe dnp3`: reads the values of an outstation once, and leaves its events to others.

use std::fmt;
use std::time::Duration;

use gridos_dnp3::app::{Class, Selection, Variation};
use gridos_dnp3::link::Address;

use crate::cli::ProbeDnp3;
use crate::command::Outcome;

mod advice;
mod show;
mod talk;

use show::Answer;
use talk::{Talk, TalkError};

/// All device attributes.
const ATTRIBUTES: Variation = Variation::new(0, 254);

/// What was learned of an outstation.
struct Probed {
    /// How long the answer of the link layer took; `None` if there was none.
    link_status: Option<Duration>,
    values: Answer,
    attributes: Option<Answer>,
    events: Option<Answer>,
    unasked_events: u64,
}

pub(crate) fn run(args: &ProbeDnp3) -> Outcome {
    let (host, port) = (args.address.host(), args.address.port());
    let pair =
        talk::pair(args.master, args.outstation).ok_or("the addresses are none of stations")?;
    let connected = Talk::connect(&host, port, pair, args.timeout);
    let mut talk = connected.map_err(|error| NotProbed::new(error, args, None))?;
    match probe(&mut talk, args) {
        Ok(probed) if args.json => {
            println!("{}", show::json(args, &probed));
            Ok(())
        }
        Ok(probed) => {
            print!("{}", show::text(args, &probed));
            Ok(())
        }
        Err(error) => {
            // Some outstations tell their address to whoever asks without knowing it.
            if matches!(error, TalkError::Silent(_)) && talk.strangers.is_empty() {
                let _ = talk.link_status(Address::SELF);
            }
            Err(NotProbed::new(error, args, Some(&talk)).into())
        }
    }
}

fn probe(talk: &mut Talk, args: &ProbeDnp3) -> Result<Probed, TalkError> {
    let link_status = match talk.link_status(Address::from_raw(args.outstation)) {
        Ok(took) => Some(took),
        // An outstation may leave out that part of the link layer.
        Err(TalkError::Silent(_)) if talk.strangers.is_empty() => None,
        Err(error) => return Err(error),
    };
    let values = Answer::new(talk.read(&[Selection::class(Class::Zero)])?);
    let attributes = match talk.read(&[Selection::span(ATTRIBUTES, 0, 0)]) {
        Ok(answer) => Some(Answer::new(answer)),
        Err(TalkError::Silent(_)) => None,
        Err(error) => return Err(error),
    };
    let events = match args.events {
        true => {
            let classes = [Class::One, Class::Two, Class::Three].map(Selection::class);
            Some(Answer::new(talk.read(&classes)?))
        }
        false => None,
    };
    Ok(Probed {
        link_status,
        values,
        attributes,
        events,
        unasked_events: talk.unasked_events,
    })
}

/// The outstation was not read, and what to try.
#[derive(Debug)]
struct NotProbed {
    error: TalkError,
    advice: String,
}

impl NotProbed {
    fn new(error: TalkError, args: &ProbeDnp3, talk: Option<&Talk>) -> Self {
        let advice = advice::of(&error, args, talk);
        Self { error, advice }
    }
}

impl std::error::Error for NotProbed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        None
    }
}

impl fmt::Display for NotProbed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        if let Some(cause) = std::error::Error::source(&self.error) {
            write!(f, ": {cause}")?;
        }
        write!(f, "\n  {}", self.advice)
    }
}
