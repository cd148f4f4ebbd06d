//! What a failure means for somebody who stands before the outstation.

use gridos_dnp3::link::Address;

use super::talk::{Talk, TalkError};
use crate::cli::OutstationAt;

/// What to try after `error`.
pub(super) fn of(error: &TalkError, at: &OutstationAt, talk: Option<&Talk>) -> String {
    let (octets, frames) = talk.map_or((0, 0), |talk| (talk.octets, talk.frames));
    let strangers = talk.and_then(|talk| of_strangers(at, talk));
    if let (Some(advice), 0) = (strangers, frames) {
        return advice;
    }
    match error {
        TalkError::Resolve { .. } => "is the name right, and does this machine's resolver know it?",
        TalkError::Connect { .. } => {
            "is the outstation on, and DNP3 over TCP with it? Its port is usually 20000; some call \
             their master and do not listen"
        }
        TalkError::Closed => {
            "some outstations take one connection only, or only from addresses they were told of"
        }
        TalkError::Silent(_) if frames > 0 => {
            "it is there, but does not answer in time: some first wait for a confirm of what they \
             told their master (try --timeout 30s), and some answer no other master's READ"
        }
        TalkError::Silent(_) if octets > 0 => {
            "octets came, and no frame for this pair of addresses among them: is it DNP3, or \
             another protocol at this port? A capture shows it: gridos decode dnp3"
        }
        TalkError::Silent(_) => {
            "an outstation is silent if its own address is not --outstation, and many are if their \
             master's is not --master; both stand in its configuration"
        }
        TalkError::Io(_) => "the network failed in between; try again",
    }
    .to_owned()
}

/// Frames of others tell what is wrong with the addresses: the most common mistake.
fn of_strangers(at: &OutstationAt, talk: &Talk) -> Option<String> {
    let of_outstation = |pair: &&(Address, Address)| pair.0.raw() == at.outstation;
    let known = talk.strangers.iter().find(of_outstation);
    let (source, destination) = known.or_else(|| talk.strangers.first())?;
    if source.raw() != at.outstation {
        let mut all: Vec<_> = talk.strangers.iter().map(|(from, _)| from.raw()).collect();
        all.dedup();
        let all: Vec<_> = all.iter().map(u16::to_string).collect();
        return Some(format!(
            "something answers, but not from link address {}; frames came from {}: try \
             --outstation {source}",
            at.outstation,
            all.join(", ")
        ));
    }
    if destination.raw() != at.master {
        return Some(format!(
            "it speaks to the master {destination}, not to {}: try --master {destination}",
            at.master
        ));
    }
    Some(
        "what answers calls itself a master: is this the address of another master, or of a line \
         that echoes?"
            .to_owned(),
    )
}
