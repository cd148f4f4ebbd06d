//! A client that knows just enough HTTP to ask the engine, and no more that could hide a fault.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection that is used again and again.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    host: String,
}

/// A status and a body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

struct Head {
    status: u16,
    length: usize,
    is_chunked: bool,
}

impl Client {
    pub(crate) fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        // Longer than the engine may ever take: only a hang ends it.
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self {
            stream: BufReader::new(stream),
            host: address.to_owned(),
        })
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n",
            self.host
        ))
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> io::Result<Answer> {
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        ))
    }

    /// `more` are header lines, each with its end.
    pub(crate) fn put(&mut self, path: &str, more: &str, body: &str) -> io::Result<Answer> {
        self.ask(&format!(
            "PUT {path} HTTP/1.1\r\nhost: {}\r\n{more}content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        ))
    }

    fn ask(&mut self, request: &str) -> io::Result<Answer> {
        let head = self.head(request)?;
        let body = if head.is_chunked {
            self.chunks()?
        } else {
            self.exactly(head.length)?
        };
        let body = String::from_utf8(body).map_err(io::Error::other)?;
        Ok(Answer {
            status: head.status,
            body,
        })
    }

    /// Asks for something that goes on and on; `more` are header lines, each with its end.
    pub(crate) fn follow(&mut self, path: &str, more: &str) -> io::Result<u16> {
        let host = &self.host;
        let head = self.head(&format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\n{more}\r\n"
        ))?;
        Ok(head.status)
    }

    /// The next piece of what goes on and on.
    pub(crate) fn piece(&mut self) -> io::Result<Vec<u8>> {
        let piece = self.chunk()?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(piece)
    }

    fn head(&mut self, request: &str) -> io::Result<Head> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status line"))?;
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            is_chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        }
        Ok(Head {
            status,
            length,
            is_chunked,
        })
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend(chunk);
        }
    }

    fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let size = self.line()?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
        let chunk = self.exactly(size)?;
        self.line()?;
        Ok(chunk)
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

/// One question on a connection of its own.
pub(crate) fn get(address: &str, path: &str) -> Answer {
    Client::connect(address).unwrap().get(path).unwrap()
}
