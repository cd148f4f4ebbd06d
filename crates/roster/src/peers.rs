//! The direct line between members: questions for promises, and their answers, while NATS is away.
//!
//! One datagram of UDP each. Whoever can read the bucket knows each member's key and may ask it; nobody else
//! can make a question or an answer that counts. What is lost is asked again.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use gridos_fleet::{GrantId, GrantRequest, SessionId};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::net::UdpSocket;

use crate::format::grant::{self, DATAGRAM, KEY, Said};

/// So many sessions that asked are remembered, so that no question counts twice.
const SUBJECTS_MAX: usize = 4_096;

/// Where peers ask, and by which key they show that they may.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PeerAddress {
    /// Host and port.
    at: String,
    key: [u8; KEY],
}

/// A question of a peer, to be answered.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) grant: GrantId,
    pub(crate) request: GrantRequest,
    from: SocketAddr,
}

/// What came over the line.
#[derive(Debug)]
pub(crate) enum Heard {
    Question(Question),
    Answer(GrantId, bool),
}

/// This member's end of the line.
#[derive(Debug)]
pub(crate) struct PeerLine {
    socket: Arc<UdpSocket>,
    own: PeerAddress,
    /// The keys of the peers that are asked, by what they are asked as.
    asked: BTreeMap<SessionId, (GrantId, [u8; KEY])>,
    /// The last question of each session.
    last: BTreeMap<SessionId, GrantId>,
}

impl PeerLine {
    /// Listens at `listen`, and tells peers to ask at `advertised`.
    ///
    /// # Errors
    /// If the address cannot be listened at, or the system has no random numbers.
    pub(crate) async fn open(listen: SocketAddr, advertised: Option<&str>) -> io::Result<Self> {
        let socket = UdpSocket::bind(listen).await?;
        let mut key = [0; KEY];
        let filled = SystemRandom::new().fill(&mut key);
        filled.map_err(|_| io::Error::other("the system has no random numbers"))?;
        let at = match advertised {
            Some(advertised) => advertised.to_owned(),
            None => socket.local_addr()?.to_string(),
        };
        Ok(Self {
            socket: Arc::new(socket),
            own: PeerAddress { at, key },
            asked: BTreeMap::new(),
            last: BTreeMap::new(),
        })
    }

    /// Sessions are counted anew: who asked before and who asks from now on may be called the same.
    pub(crate) fn on_other_store(&mut self) {
        self.asked.clear();
        self.last.clear();
    }

    /// What the own record says of where to ask.
    pub(crate) fn address(&self) -> String {
        self.own.to_string()
    }

    /// Sends a question; nothing comes of it if the address is none.
    pub(crate) fn ask(&mut self, grant: GrantId, address: &str, request: GrantRequest) {
        let Some(PeerAddress { at, key }) = PeerAddress::read(address) else {
            return;
        };
        self.asked.insert(request.peer, (grant, key));
        let datagram = grant::write(&Said::Question { grant, request }, &key);
        let socket = Arc::clone(&self.socket);
        // A name may have to be looked up, and that may take long.
        tokio::spawn(async move { socket.send_to(&datagram, &at).await });
    }

    /// Answers a question.
    pub(crate) fn answer(&self, question: &Question, is_granted: bool) {
        let said = Said::Answer {
            grant: question.grant,
            peer: question.request.peer,
            is_granted,
        };
        let datagram = grant::write(&said, &self.own.key);
        // If there is no room for it, it is lost as others are.
        let _ = self.socket.try_send_to(&datagram, question.from);
    }

    /// The next that counts; may be dropped while it waits.
    pub(crate) async fn hear(&mut self) -> Heard {
        let mut datagram = [0; DATAGRAM + 1];
        loop {
            // An error tells that an earlier datagram did not arrive.
            let Ok((length, from)) = self.socket.recv_from(&mut datagram).await else {
                tokio::task::yield_now().await;
                continue;
            };
            let heard = datagram
                .get(..length)
                .and_then(|said| self.read(said, from));
            if let Some(heard) = heard {
                return heard;
            }
        }
    }

    fn read(&mut self, datagram: &[u8], from: SocketAddr) -> Option<Heard> {
        match grant::read(datagram)? {
            Said::Question { grant, request } => {
                let is_new = self
                    .last
                    .get(&request.subject)
                    .is_none_or(|last| *last < grant);
                if !is_new || !grant::is_by(datagram, &self.own.key) {
                    return None;
                }
                self.last.insert(request.subject, grant);
                while self.last.len() > SUBJECTS_MAX {
                    self.last.pop_first();
                }
                Some(Heard::Question(Question {
                    grant,
                    request,
                    from,
                }))
            }
            Said::Answer {
                grant,
                peer,
                is_granted,
            } => {
                let (asked, key) = self.asked.get(&peer)?;
                let counts = *asked == grant && grant::is_by(datagram, key);
                counts.then_some(Heard::Answer(grant, is_granted))
            }
        }
    }
}

impl PeerAddress {
    /// Reads `host:port/key`, the key in hex.
    fn read(text: &str) -> Option<Self> {
        let (at, hex) = text.rsplit_once('/')?;
        let (mut key, digits) = ([0; KEY], hex.as_bytes());
        if digits.len() != 2 * KEY {
            return None;
        }
        for (octet, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self {
            at: at.to_owned(),
            key,
        })
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.at)?;
        self.key
            .iter()
            .try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/***", self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gridos_fleet::StoreId;

    use super::*;

    const HERE: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    fn request() -> GrantRequest {
        GrantRequest {
            store: StoreId::from_raw(9),
            subject: SessionId::from_raw(3),
            peer: SessionId::from_raw(7),
            hold_off: Duration::from_secs(16),
        }
    }

    async fn line() -> PeerLine {
        PeerLine::open(HERE, None).await.unwrap()
    }

    async fn question(line: &mut PeerLine) -> Question {
        match line.hear().await {
            Heard::Question(question) => question,
            Heard::Answer(..) => panic!("nothing was asked"),
        }
    }

    #[tokio::test]
    async fn a_question_is_heard_once_and_its_answer_by_who_asked() {
        let (mut asking, mut asked) = (line().await, line().await);
        for n in 1..=2 {
            let grant = GrantId::from_raw(n);
            asking.ask(grant, &asked.address(), request());
            let heard = question(&mut asked).await;
            assert_eq!((heard.grant, heard.request), (grant, request()));
            asked.answer(&heard, n == 1);
            match asking.hear().await {
                Heard::Answer(answered, is_granted) => {
                    assert_eq!((answered, is_granted), (grant, n == 1));
                }
                Heard::Question(_) => panic!("nobody asked"),
            }
        }
        // What was overheard and is said again does not count, and neither does an answer to an earlier question.
        let datagram = grant::write(
            &Said::Question {
                grant: GrantId::from_raw(2),
                request: request(),
            },
            &asked.own.key,
        );
        assert!(asked.read(&datagram, HERE).is_none());
        let earlier = Said::Answer {
            grant: GrantId::from_raw(1),
            peer: request().peer,
            is_granted: true,
        };
        assert!(
            asking
                .read(&grant::write(&earlier, &asked.own.key), HERE)
                .is_none()
        );
    }

    #[tokio::test]
    async fn who_has_not_the_key_is_not_heard() {
        let (mut asking, mut asked) = (line().await, line().await);
        let stranger = PeerAddress {
            at: asked.own.at.clone(),
            key: [9; KEY],
        };
        asking.ask(GrantId::from_raw(1), &stranger.to_string(), request());
        asking.ask(GrantId::from_raw(2), "no address", request());
        asking.ask(GrantId::from_raw(3), &asked.address(), request());
        let heard = question(&mut asked).await;
        assert_eq!(heard.grant, GrantId::from_raw(3));
        let forged = Said::Answer {
            grant: heard.grant,
            peer: request().peer,
            is_granted: true,
        };
        assert!(
            asking
                .read(&grant::write(&forged, &[9; KEY]), HERE)
                .is_none()
        );
    }

    #[test]
    fn an_address_reads_back_and_hides_its_key() {
        let address = PeerAddress {
            at: "[::1]:7946".to_owned(),
            key: [0xa7; KEY],
        };
        assert_eq!(
            PeerAddress::read(&address.to_string()),
            Some(address.clone())
        );
        assert_eq!(format!("{address:?}"), "[::1]:7946/***");
        for wrong in [
            "",
            "a:1",
            "a:1/",
            "a:1/00",
            &format!("a:1/{}", "é".repeat(32)),
        ] {
            assert_eq!(PeerAddress::read(wrong), None, "{wrong}");
        }
    }
}
