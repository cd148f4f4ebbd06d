//! `gridos probe dnp3`: reads the values of an outstation once, and leaves its events to others.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use gridos_dnp3::app::{Class, Selection, Variation};
use gridos_dnp3::link::Address;

use crate::cli::{OutstationAt, ProbeDnp3};
use crate::command::Outcome;
use crate::output;

mod advice;
mod answered;
mod show;
mod talk;

pub(in crate::command) use answered::Answered;
use answered::Unread;
use show::Answer;
pub(in crate::command) use show::attributes;
pub(in crate::command) use talk::{Talk, TalkError};

/// All device attributes.
const ATTRIBUTES: Variation = Variation::new(0, 254);

/// What an outstation answers when it is asked what it is and has.
pub(in crate::command) struct Asked {
    /// How long the answer of the link layer took; `None` if there was none.
    link_status: Option<Duration>,
    pub(in crate::command) values: Answered,
    pub(in crate::command) attributes: Option<Answered>,
}

pub(crate) fn run(args: &ProbeDnp3) -> Outcome {
    let (asked, events, unasked_events) = meet(&args.at, |talk| {
        let asked = ask(talk, &args.at)?;
        let classes = [Class::One, Class::Two, Class::Three].map(Selection::class);
        let events = args.events.then(|| talk.read(&classes)).transpose()?;
        Ok((asked, events, talk.unasked_events))
    })?;
    let probed = Probed {
        link_status: asked.link_status,
        values: Answer::new(&asked.values),
        attributes: asked.attributes.as_ref().map(Answer::new),
        events: events.as_ref().map(Answer::new),
        unasked_events,
    };
    match args.json {
        true => output::line(show::json(&args.at, &probed)),
        false => output::show(show::text(&args.at, &probed)),
    }
}

/// What was learned of an outstation.
struct Probed {
    link_status: Option<Duration>,
    values: Answer,
    attributes: Option<Answer>,
    events: Option<Answer>,
    unasked_events: u64,
}

/// Connects to an outstation and does `work`; a failure says what to try.
pub(in crate::command) fn meet<T>(
    at: &OutstationAt,
    work: impl FnOnce(&mut Talk) -> Result<T, TalkError>,
) -> Result<T, Box<dyn Error>> {
    let pair = talk::pair(at.master, at.outstation).ok_or("the addresses are none of stations")?;
    let connected = Talk::connect(&at.address.host(), at.address.port(), pair, at.timeout);
    let mut talk = connected.map_err(|error| NotProbed::new(error, at, None))?;
    work(&mut talk).map_err(|error| {
        // Some outstations tell their address to whoever asks without knowing it.
        if matches!(error, TalkError::Silent(_)) && talk.strangers.is_empty() {
            let _ = talk.link_status(Address::SELF);
        }
        NotProbed::new(error, at, Some(&talk)).into()
    })
}

/// Reads the present values and the attributes of an outstation.
pub(in crate::command) fn ask(talk: &mut Talk, at: &OutstationAt) -> Result<Asked, TalkError> {
    let link_status = match talk.link_status(Address::from_raw(at.outstation)) {
        Ok(took) => Some(took),
        // An outstation may leave out that part of the link layer.
        Err(TalkError::Silent(_)) if talk.strangers.is_empty() => None,
        Err(error) => return Err(error),
    };
    let values = talk.read(&[Selection::class(Class::Zero)])?;
    let attributes = match values.unread {
        // It would have to be found among more of the same.
        Some(Unread::Endless) => None,
        Some(Unread::Unconfirmed) | None => match talk.read(&[Selection::span(ATTRIBUTES, 0, 0)]) {
            Ok(answer) => Some(answer),
            Err(TalkError::Silent(_)) => None,
            Err(error) => return Err(error),
        },
    };
    Ok(Asked {
        link_status,
        values,
        attributes,
    })
}

/// The outstation was not read, and what to try.
#[derive(Debug)]
struct NotProbed {
    error: TalkError,
    advice: String,
}

impl NotProbed {
    fn new(error: TalkError, at: &OutstationAt, talk: Option<&Talk>) -> Self {
        let advice = advice::of(&error, at, talk);
        Self { error, advice }
    }
}

impl Error for NotProbed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        None
    }
}

impl fmt::Display for NotProbed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        if let Some(cause) = Error::source(&self.error) {
            write!(f, ": {cause}")?;
        }
        write!(f, "\n  {}", self.advice)
    }
}
