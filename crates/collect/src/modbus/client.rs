//! One connection to a device or gateway.

use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use gridos_modbus::{Answer, FRAME_BYTES_MAX, Question, Request, Table, Told};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::error::ReadError;
use super::patience::Patience;
use crate::net::Stream;
use crate::spread::mix;

/// A connection; after any error but an exception it must be dropped, since a late answer could
/// be taken for that of the next request.
pub(super) struct Client {
    stream: Stream,
    numbers: Numbers,
    patience: Patience,
}

/// Numbers for questions that nobody can know before they are sent: a gateway that keeps an answer for
/// a connection that is gone and sends it down the next one must not be believed.
struct Numbers {
    /// What the next number is drawn from.
    seed: u64,
    last: u16,
}

impl Numbers {
    fn new() -> Self {
        Self {
            seed: RandomState::new().build_hasher().finish(),
            last: 0,
        }
    }

    fn next(&mut self) -> u16 {
        self.seed = mix(self.seed);
        let [high, low, ..] = self.seed.to_be_bytes();
        let drawn = u16::from_be_bytes([high, low]);
        // Never the same twice in a row, which the answer before could be taken for.
        self.last = if drawn == self.last { !drawn } else { drawn };
        self.last
    }
}

/// What a device answered, of the length asked for.
#[derive(Debug)]
pub(super) enum Content {
    Registers(Vec<u16>),
    Bits(Vec<bool>),
}

/// What stands for a register that was not read. It must never become a value; should it, then
/// as a number this is the one that most devices send for "not there".
const MISSING: u16 = 0x8000;

impl Content {
    /// Content for all of `request` of which nothing was read yet.
    pub(super) fn missing(request: &Request) -> Self {
        let count = usize::from(request.count());
        if request.table().is_bits() {
            Self::Bits(vec![false; count])
        } else {
            Self::Registers(vec![MISSING; count])
        }
    }

    /// Keeps `part`, which was read `offset` behind the first address.
    pub(super) fn keep(&mut self, offset: u32, part: &Self) {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        match (self, part) {
            (Self::Registers(all), Self::Registers(part)) => put(all, from, part),
            (Self::Bits(all), Self::Bits(part)) => put(all, from, part),
            (Self::Registers(_) | Self::Bits(_), _) => {}
        }
    }

    pub(super) fn answer(&self) -> Answer<'_> {
        match self {
            Self::Registers(words) => Answer::registers(words),
            Self::Bits(bits) => Answer::bits(bits),
        }
    }
}

fn put<T: Copy>(all: &mut [T], from: usize, part: &[T]) {
    let places = all.get_mut(from..).unwrap_or_default();
    for (place, value) in places.iter_mut().zip(part) {
        *place = *value;
    }
}

impl Client {
    /// A client on a stream that nothing was sent over yet.
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            numbers: Numbers::new(),
            patience: Patience::new(),
        }
    }

    /// Asks `unit` for `count` registers or bits of `table` from `start`, and waits for the answer.
    pub(super) async fn read(
        &mut self,
        unit: u8,
        table: Table,
        (start, count): (u16, u16),
        within: Duration,
    ) -> Result<Content, ReadError> {
        let quiet = poll_fn(|context| Poll::Ready(poll_quiet(&mut self.stream, context)));
        quiet.await.map_err(broken)?;
        let question = Question {
            transaction: self.numbers.next(),
            unit,
            table,
            start,
            count,
        };
        let exchange = exchange(&mut self.stream, question);
        let told = self.patience.wait_for(within, exchange).await;
        match told.ok_or(ReadError::Timeout(within))?? {
            Told::Registers(words) => Ok(Content::Registers(words)),
            Told::Bits(bits) => Ok(Content::Bits(bits)),
            Told::Refused(code) => Err(ReadError::Exception { code }),
        }
    }
}

/// Sends `question` and takes what answers it.
async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    question: Question,
) -> Result<Told, ReadError> {
    stream
        .write_all(&question.to_bytes())
        .await
        .map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    // Only while an answer is awaited, so that ten thousand idle connections take next to nothing;
    // one byte more than any answer has, so that what comes behind it is seen.
    let mut bytes = vec![0; FRAME_BYTES_MAX + 1];
    let mut length = 0;
    loop {
        let read = stream.read(&mut bytes[length..]).await.map_err(broken)?;
        if read == 0 {
            return Err(ReadError::Closed);
        }
        length += read;
        let answer = question.answer(&bytes[..length]);
        if let Some(told) = answer.map_err(|error| ReadError::Protocol(error.to_string()))? {
            return Ok(told);
        }
    }
}

/// Makes sure that nothing has come since the last exchange: whoever speaks before it is asked
/// cannot be believed, and a connection that has ended need not be asked.
///
/// # Errors
/// What has come: nothing any more ([`io::ErrorKind::UnexpectedEof`]), something
/// ([`io::ErrorKind::InvalidData`]), or the fault of the connection.
fn poll_quiet(stream: &mut (impl AsyncRead + Unpin), context: &mut Context<'_>) -> io::Result<()> {
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    match Pin::new(stream).poll_read(context, &mut buffer) {
        Poll::Pending => Ok(()),
        Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
        Poll::Ready(Ok(())) => {
            let what = "it spoke before it was asked";
            Err(io::Error::new(io::ErrorKind::InvalidData, what))
        }
        Poll::Ready(Err(error)) => Err(error),
    }
}

/// TLS tells what breaks its own protocol as invalid data.
fn broken(error: io::Error) -> ReadError {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::InvalidData | Kind::InvalidInput => ReadError::Protocol(error.to_string()),
        Kind::UnexpectedEof => ReadError::Closed,
        _ => ReadError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    const QUESTION: Question = Question {
        transaction: 0x0102,
        unit: 1,
        table: Table::InputRegister,
        start: 0,
        count: 1,
    };

    /// What becomes of an exchange with a peer that answers `bytes` over a pipe that cuts them.
    async fn answered(bytes: &'static [u8]) -> Result<Told, ReadError> {
        let (mut near, mut far) = duplex(5);
        let peer = tokio::spawn(async move {
            let mut asked = [0; Question::BYTES];
            far.read_exact(&mut asked).await.unwrap();
            assert_eq!(asked, QUESTION.to_bytes());
            far.write_all(bytes).await.unwrap();
        });
        let told = exchange(&mut near, QUESTION).await;
        drop(near);
        // It may still be writing what nobody reads any more.
        let _ = peer.await;
        told
    }

    #[tokio::test]
    async fn an_answer_is_taken_however_it_is_cut() {
        let told = answered(&[1, 2, 0, 0, 0, 5, 1, 4, 2, 0xab, 0xcd]).await;
        assert_eq!(told.unwrap(), Told::Registers(vec![0xabcd]));
    }

    #[tokio::test]
    async fn what_is_no_answer_is_told_in_words() {
        let told = async |bytes| answered(bytes).await.unwrap_err().to_string();
        let head = "the answer breaks the protocol: it";
        let other_unit = told(&[1, 2, 0, 0, 0, 5, 2, 4, 2, 0, 0]).await;
        assert_eq!(other_unit, format!("{head} is of unit 2, not 1"));
        let other_number = told(&[1, 3, 0, 0, 0, 5, 1, 4, 2, 0, 0]).await;
        assert_eq!(other_number, format!("{head} belongs to another request"));
        let other_function = told(&[1, 2, 0, 0, 0, 5, 1, 3, 2, 0, 0]).await;
        assert_eq!(other_function, format!("{head} is of function 3, not 4"));
        let end = told(&[1, 2, 0]).await;
        assert_eq!(end, "the device closed the connection");
    }

    #[test]
    fn no_two_questions_in_a_row_have_one_number() {
        let mut numbers = Numbers::new();
        let drawn: Vec<_> = (0..1_000).map(|_| numbers.next()).collect();
        assert!(drawn.windows(2).all(|two| two[0] != two[1]));
        let steps = |two: &&[u16]| two[1].wrapping_sub(two[0]) == 1;
        assert!(drawn.windows(2).filter(steps).count() < 10, "they count on");
    }

    #[tokio::test]
    async fn whoever_speaks_unasked_or_is_gone_is_noticed() {
        let (mut near, mut far) = duplex(64);
        let mut quiet =
            async || poll_fn(|context| Poll::Ready(poll_quiet(&mut near, context))).await;
        quiet().await.unwrap();
        far.write_all(&[0]).await.unwrap();
        let spoke = quiet().await.unwrap_err();
        assert_eq!(spoke.kind(), io::ErrorKind::InvalidData);
        drop(far);
        let gone = quiet().await.unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::UnexpectedEof);
    }
}
