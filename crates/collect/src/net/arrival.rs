//! One connection from its first byte until it is known whose it is.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gridos_telemetry::PeerRefusal;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsStream;

use super::door::{Hall, Host};
use super::{Certificate, Guests, Open, Packet, Place, Stream, prepare};

/// How long somebody may take to say who they are: the handshake, and the registration packet.
const INTRODUCED_WITHIN: Duration = Duration::from_secs(10);

/// Why somebody is sent away.
pub(crate) type Refused = (PeerRefusal, String);

/// A connection that was let in.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) stream: Stream,
    pub(crate) peer: SocketAddr,
    /// Theirs, if the listener speaks TLS.
    pub(crate) certificate: Option<Certificate>,
}

/// Lets the host serve a connection until it ends.
pub(crate) async fn receive<H: Host>(
    hall: Arc<Hall<H>>,
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
) {
    let _open = Open::new(&hall.cells().connections);
    let served = tokio::select! {
        served = serve(&hall, stream, peer, &place) => served,
        () = place.displaced() => {
            let why = "its place was needed, and it was silent for the longest time";
            Err((PeerRefusal::Displaced, why.to_owned()))
        }
    };
    if let Err((reason, why)) = served {
        hall.refuse(reason, peer, &why);
    }
}

async fn serve<H: Host>(
    hall: &Hall<H>,
    stream: TcpStream,
    peer: SocketAddr,
    place: &Place,
) -> Result<(), Refused> {
    // A connection that is gone already has nothing to say either.
    let _ = prepare(&stream);
    let (stream, certificate) = secure(hall, stream, peer).await?;
    let arrival = Arrival {
        stream,
        peer,
        certificate,
    };
    H::serve(hall, arrival, place).await
}

/// Shakes hands, if the listener speaks TLS, and looks at the role.
async fn secure<H>(
    hall: &Hall<H>,
    stream: TcpStream,
    peer: SocketAddr,
) -> Result<(Stream, Option<Certificate>), Refused> {
    let Some(tls) = &hall.tls else {
        return Ok((Stream::Tcp(stream), None));
    };
    let accepted = tls.accept(stream, INTRODUCED_WITHIN, &hall.handshakes);
    let accepted = accepted.await;
    let (stream, certificate) = accepted.map_err(|error| (PeerRefusal::Tls, error.to_string()))?;
    let role = certificate.role.as_deref();
    let is_fit = |role: &str| hall.roles.iter().any(|fit| fit == role);
    if !hall.roles.is_empty() && !role.is_some_and(is_fit) {
        let subject = &certificate.subject;
        let shown = role.unwrap_or("none");
        return Err((PeerRefusal::Role, format!("{subject} has the role {shown}")));
    }
    hall.greet(peer, &certificate);
    let stream = Stream::Tls(Box::new(TlsStream::Server(stream)));
    Ok((stream, Some(certificate)))
}

/// What belongs to whoever made the connection; never nothing.
pub(crate) async fn recognise<T: Clone>(
    guests: &Guests<T>,
    arrival: &mut Arrival,
) -> Result<Vec<T>, Refused> {
    let Arrival {
        stream,
        peer,
        certificate,
    } = arrival;
    let certificate = certificate.as_ref();
    let mut found = certificate.map_or(Vec::new(), |own| guests.of_certificate(own));
    if found.is_empty() {
        found = guests.of_address(peer.ip());
    }
    if found.is_empty() && guests.send_packets() {
        let introduced = timeout(INTRODUCED_WITHIN, introduction(guests, stream)).await;
        found = introduced.unwrap_or_else(|_| {
            let why = "it did not send its registration packet";
            Err((PeerRefusal::Silent, why.to_owned()))
        })?;
    }
    if found.is_empty() {
        let who = certificate.map_or_else(|| peer.ip().to_string(), |own| own.subject.clone());
        let why = format!("no device is configured for {who}");
        return Err((PeerRefusal::Unknown, why));
    }
    Ok(found)
}

/// Reads the registration packet, and not one byte behind it.
async fn introduction<T: Clone>(
    guests: &Guests<T>,
    stream: &mut Stream,
) -> Result<Vec<T>, Refused> {
    let mut packet = Vec::with_capacity(guests.packet_bytes_max());
    loop {
        match stream.read_u8().await {
            Ok(byte) => packet.push(byte),
            Err(error) => return Err((PeerRefusal::Silent, ended(&error))),
        }
        match guests.of_bytes(&packet) {
            Packet::Known(found) => return Ok(found),
            Packet::Begun => {}
            Packet::Unknown => {
                let shown = packet.escape_ascii();
                let why = format!("no registration packet begins with \"{shown}\"");
                return Err((PeerRefusal::Unknown, why));
            }
        }
    }
}

fn ended(error: &io::Error) -> String {
    format!("it ended before it said who it is: {error}")
}
