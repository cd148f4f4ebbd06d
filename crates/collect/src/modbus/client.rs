//! One connection to a device or gateway.

use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use gridos_modbus::{FRAME_BYTES_MAX, Question, Table, Told, Values};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::error::ReadError;
use super::patience::Patience;
use crate::net::Stream;
use crate::spread::mix;

/// A connection; after any error but an exception it must be dropped, since a late answer could
/// be taken for that of the next request.
///
/// It keeps no buffer: an answer is read where it is taken apart, so that ten thousand idle
/// connections take next to nothing, and an answer that comes whole, as nearly all do, costs no
/// allocation.
pub(super) struct Client {
    stream: Stream,
    numbers: Numbers,
    patience: Patience,
}

/// One byte more than any answer has, so that what comes behind it is seen.
const ROOM: usize = FRAME_BYTES_MAX + 1;

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
    ) -> Result<Values, ReadError> {
        let question = Question {
            transaction: self.numbers.draw(),
            unit,
            table,
            start,
            count,
        };
        let exchange = exchange(&mut self.stream, question);
        let told = self.patience.wait_for(within, exchange).await;
        match told.ok_or(ReadError::Timeout(within))?? {
            Told::Values(values) => Ok(values),
            Told::Refused(code) => Err(ReadError::Exception { code }),
        }
    }
}

/// Sends `question` and takes what answers it.
async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    question: Question,
) -> Result<Told, ReadError> {
    poll_fn(|context| Poll::Ready(look_for_unasked(stream, context))).await?;
    let sent = stream.write_all(&question.to_bytes()).await;
    sent.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut begun = Vec::new();
    poll_fn(|context| poll_answer(stream, question, &mut begun, context)).await
}

/// Makes sure that nothing has come since the last exchange: whoever speaks before it is asked
/// cannot be believed, and a connection that has ended need not be asked.
fn look_for_unasked(
    stream: &mut (impl AsyncRead + Unpin),
    context: &mut Context<'_>,
) -> Result<(), ReadError> {
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    let Poll::Ready(read) = Pin::new(stream).poll_read(context, &mut buffer) else {
        return Ok(());
    };
    read.map_err(broken)?;
    if buffer.filled().is_empty() {
        return Err(ReadError::Closed);
    }
    let what = "it spoke before it was asked".to_owned();
    Err(ReadError::Protocol(what))
}

/// Takes what has come of the answer; `begun` is what came of it before, usually nothing.
fn poll_answer(
    stream: &mut (impl AsyncRead + Unpin),
    question: Question,
    begun: &mut Vec<u8>,
    context: &mut Context<'_>,
) -> Poll<Result<Told, ReadError>> {
    loop {
        let mut room = [const { MaybeUninit::uninit() }; ROOM];
        let mut bytes = ReadBuf::uninit(&mut room);
        // What has begun an answer is shorter than any, or it would have been taken or refused.
        bytes.put_slice(begun);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut bytes)).map_err(broken)?;
        if bytes.filled().len() == begun.len() {
            return Poll::Ready(Err(ReadError::Closed));
        }
        let answer = question.answer(bytes.filled());
        if let Some(told) = answer.map_err(|error| ReadError::Protocol(error.to_string()))? {
            return Poll::Ready(Ok(told));
        }
        begun.clear();
        begun.extend_from_slice(bytes.filled());
    }
}

/// TLS tells what breaks its own protocol as invalid data.
fn broken(error: io::Error) -> ReadError {
    let kind = error.kind();
    if matches!(
        kind,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
    ) {
        ReadError::Protocol(error.to_string())
    } else if kind == io::ErrorKind::UnexpectedEof {
        ReadError::Closed
    } else {
        ReadError::Io(error)
    }
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

    fn draw(&mut self) -> u16 {
        self.seed = mix(self.seed);
        let [high, low, ..] = self.seed.to_be_bytes();
        let drawn = u16::from_be_bytes([high, low]);
        // Never the same twice in a row, which the answer before could be taken for.
        self.last = if drawn == self.last { !drawn } else { drawn };
        self.last
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, duplex};

    use super::*;

    const QUESTION: Question = Question {
        transaction: 0x0102,
        unit: 1,
        table: Table::InputRegister,
        start: 0,
        count: 1,
    };
    const ANSWER: [u8; 11] = [1, 2, 0, 0, 0, 5, 1, 4, 2, 0xab, 0xcd];

    /// What becomes of an exchange with a peer that answers `bytes` over a pipe that cuts them.
    async fn answered(bytes: Vec<u8>, pipe: usize) -> Result<Vec<u16>, ReadError> {
        let (mut near, mut far) = duplex(pipe);
        let peer = tokio::spawn(async move {
            let mut asked = [0; Question::BYTES];
            far.read_exact(&mut asked).await.unwrap();
            assert_eq!(asked, QUESTION.to_bytes());
            far.write_all(&bytes).await.unwrap();
        });
        let told = exchange(&mut near, QUESTION).await;
        drop(near);
        // It may still be writing what nobody reads any more.
        let _ = peer.await;
        match told? {
            Told::Values(values) => Ok(values.registers().unwrap().to_vec()),
            Told::Refused(code) => Err(ReadError::Exception { code }),
        }
    }

    #[tokio::test]
    async fn an_answer_is_taken_however_it_is_cut() {
        for pipe in 1..=ANSWER.len() {
            let told = answered(ANSWER.to_vec(), pipe).await;
            assert_eq!(told.unwrap(), [0xabcd], "{pipe} bytes at a time");
        }
    }

    #[tokio::test]
    async fn an_answer_that_ends_early_is_none() {
        for cut in 0..ANSWER.len() {
            let told = answered(ANSWER[..cut].to_vec(), 64).await;
            assert!(matches!(told, Err(ReadError::Closed)), "cut at {cut}");
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_is_told_in_words() {
        let told = async |bytes: &[u8]| {
            let told = answered(bytes.to_vec(), 64).await;
            told.unwrap_err().to_string()
        };
        let head = "the answer breaks the protocol: it";
        let other_unit = told(&[1, 2, 0, 0, 0, 5, 2, 4, 2, 0, 0]).await;
        assert_eq!(other_unit, format!("{head} is of unit 2, not 1"));
        let other_number = told(&[1, 3, 0, 0, 0, 5, 1, 4, 2, 0, 0]).await;
        assert_eq!(other_number, format!("{head} belongs to another request"));
        let other_function = told(&[1, 2, 0, 0, 0, 5, 1, 3, 2, 0, 0]).await;
        assert_eq!(other_function, format!("{head} is of function 3, not 4"));
        let more = told(&[&ANSWER[..], &[1]].concat()).await;
        let head = "the answer breaks the protocol:";
        assert_eq!(more, format!("{head} more came than the answer"));
        let refused = told(&[1, 2, 0, 0, 0, 3, 1, 0x84, 2]).await;
        assert_eq!(refused, "exception 2 (illegal data address)");
    }

    #[tokio::test]
    async fn whoever_speaks_unasked_or_is_gone_is_not_asked() {
        let (mut near, mut far) = duplex(64);
        far.write_all(&ANSWER).await.unwrap();
        let spoke = exchange(&mut near, QUESTION).await.unwrap_err();
        assert!(matches!(spoke, ReadError::Protocol(_)), "{spoke}");
        drop(near);
        let mut asked = Vec::new();
        far.read_to_end(&mut asked).await.unwrap();
        assert_eq!(asked, []);
        let (mut near, far) = duplex(64);
        drop(far);
        let gone = exchange(&mut near, QUESTION).await.unwrap_err();
        assert!(matches!(gone, ReadError::Closed), "{gone}");
    }

    #[test]
    fn no_two_questions_in_a_row_have_one_number() {
        let mut numbers = Numbers::new();
        let drawn: Vec<_> = (0..1_000).map(|_| numbers.draw()).collect();
        assert!(drawn.windows(2).all(|two| two[0] != two[1]));
        let steps = |two: &&[u16]| two[1].wrapping_sub(two[0]) == 1;
        assert!(drawn.windows(2).filter(steps).count() < 10, "they count on");
    }
}
