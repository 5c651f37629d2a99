//! HTTP/1.1 by hand: a client that costs next to nothing, comes from any address of the loopback interface, and may stop
//! in the middle. For load and for rudeness; what wants no more than an answer uses `redress_runtime::http`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// What a server did not take yet and lies here all the same: little, so that what was sent is about what was taken.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;
/// The most that is read of one answer.
const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// A connection to a server.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    /// What was read and belongs to the next answer.
    read: Vec<u8>,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// Its body.
    pub body: String,
}

impl Wire {
    /// Connects from an address of this machine.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(server: SocketAddr, from: Ipv4Addr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::new() })
    }

    /// Sends a request and waits for its whole answer.
    ///
    /// # Errors
    /// When the connection ends before.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.send(request).await?;
        self.reply().await
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next whole answer.
    ///
    /// # Errors
    /// When the connection ends before, or what comes is no answer.
    pub async fn reply(&mut self) -> io::Result<Reply> {
        loop {
            if let Some((reply, length)) = parse(&self.read)? {
                self.read.drain(..length);
                return Ok(reply);
            }
            if self.read.len() > REPLY_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The connection itself.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }
}

/// Connects, asks and hangs up.
///
/// # Errors
/// When there is no whole answer.
pub async fn ask_once(server: SocketAddr, from: Ipv4Addr, request: &[u8]) -> io::Result<Reply> {
    Wire::open(server, from).await?.ask(request).await
}

/// `POST /v1/complaints` with this key and body.
pub fn complain(key: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST /v1/complaints HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         idempotency-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The body of a small complaint.
pub fn complaint(n: usize) -> Value {
    json!({ "whatHappened": format!("The parcel number {n} never came."), "email": address(n) })
}

/// Who sends it.
pub fn address(n: usize) -> String {
    format!("client{n}@clients.example")
}

/// A whole answer at the beginning of what was read, and its length; none when more is to come.
fn parse(read: &[u8]) -> io::Result<Option<(Reply, usize)>> {
    let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or(io::ErrorKind::InvalidData)?;
    let length = header(&head, "content-length").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let (start, whole) = (end + 4, end + 4 + length);
    if read.len() < whole {
        return Ok(None);
    }
    let body = String::from_utf8_lossy(&read[start..whole]).into_owned();
    Ok(Some((Reply { status, head, body }, whole)))
}

/// A header of an answer.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let named = |line: &&str| line.split_once(':').is_some_and(|(it, _)| it.eq_ignore_ascii_case(name));
    head.lines().skip(1).find(named)?.split_once(':').map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let bytes = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nx: y\r\n\r\nokHTTP";
        assert_eq!(parse(&bytes[..20]).unwrap(), None);
        assert_eq!(parse(&bytes[..bytes.len() - 5]).unwrap(), None);
        let (reply, length) = parse(bytes).unwrap().unwrap();
        assert_eq!((reply.status, reply.body.as_str(), length), (202, "ok", bytes.len() - 4));
        assert_eq!(header(&reply.head, "X"), Some("y"));
        assert!(parse(b"SSH-2.0\r\n\r\n").is_err());
    }
}
