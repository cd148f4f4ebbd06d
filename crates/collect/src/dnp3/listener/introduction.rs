//! The first frame of a connection tells whose it is.

use std::sync::Arc;
use std::time::Duration;

use gridos_dnp3::link::{Address, Control, Frame, Function, Primary, Reader, Recovery, encode};
use gridos_telemetry::PeerRefusal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::host::Known;
use crate::net::{Inbox, Refused, Stream};

/// If no more may be there, each is asked by its address; else whoever is there is asked.
const ASKED_MAX: usize = 16;
/// A first frame with noise before it is not longer.
const BEGUN_BYTES_MAX: usize = 2_048;

/// Reads until the first good frame; gives the inbox of its outstation, and all bytes read. If
/// nothing comes for `ask_after`, it is asked once.
pub(super) async fn introduce(
    stream: &mut Stream,
    known: &[Known],
    ask_after: Duration,
) -> Result<(Arc<Inbox>, Vec<u8>), Refused> {
    let mut reader = Box::new(Reader::new(Recovery::Stream));
    let mut begun = Vec::new();
    let mut is_asked = false;
    loop {
        let mut bytes = [0; 512];
        let reading = stream.read(&mut bytes);
        let read = if is_asked {
            reading.await
        } else if let Ok(read) = timeout(ask_after, reading).await {
            read
        } else {
            is_asked = true;
            let question = question(known);
            let asking = async {
                stream.write_all(&question).await?;
                stream.flush().await
            };
            asking.await.map_err(|error| ended(&error))?;
            continue;
        };
        let count = read.map_err(|error| ended(&error))?;
        let mut input = bytes.get(..count).unwrap_or_default();
        if input.is_empty() {
            let why = "it ended before it said which outstation it is";
            return Err((PeerRefusal::Silent, why.to_owned()));
        }
        begun.extend_from_slice(input);
        while let Some(read) = reader.read(&mut input) {
            if let Ok(frame) = read {
                return Ok((find(known, &frame)?, begun));
            }
        }
        if begun.len() > BEGUN_BYTES_MAX {
            let why = "what it sends is no DNP3";
            return Err((PeerRefusal::Malformed, why.to_owned()));
        }
    }
}

/// Whose frame it is.
fn find(known: &[Known], frame: &Frame<'_>) -> Result<Arc<Inbox>, Refused> {
    let is_of = |known: &&Known| {
        (known.master, known.outstation) == (frame.destination, frame.source)
            && !frame.control.from_master
    };
    let found = known.iter().find(is_of);
    found.map(|known| Arc::clone(&known.inbox)).ok_or_else(|| {
        let (source, destination) = (frame.source, frame.destination);
        let why = format!("no outstation {source} of a master {destination} may come from there");
        (PeerRefusal::Unknown, why)
    })
}

/// Asks for the status of the link to whoever may be there.
fn question(known: &[Known]) -> Vec<u8> {
    let mut asked: Vec<_> = known
        .iter()
        .map(|known| (known.master, known.outstation))
        .collect();
    if asked.len() > ASKED_MAX {
        asked.iter_mut().for_each(|(_, to)| *to = Address::SELF);
    }
    asked.sort_unstable();
    asked.dedup();
    asked.truncate(ASKED_MAX);
    let control = Control {
        from_master: true,
        function: Function::Primary {
            function: Primary::RequestLinkStatus,
            fcb: false,
        },
    };
    let mut frames = Vec::new();
    for (master, to) in asked {
        // It has no user data, so that it cannot have too many.
        let _ = encode(control, to, master, &[], &mut frames);
    }
    frames
}

fn ended(error: &std::io::Error) -> Refused {
    let why = format!("it ended before it said which outstation it is: {error}");
    (PeerRefusal::Silent, why)
}
