//! clamd, shown a file while that is on its way elsewhere (INSTREAM), and what it says.
//!
//! Not by the crate `clamav-client`: it writes to the end before it reads, so that what clamd says when it hangs up early is
//! lost, and it knows no limit of time (docs/adr/0017).

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::Instant;
use tokio_util::either::Either;

/// Largest piece that is sent at once.
const PIECE_BYTES_MAX: usize = 64 * 1024;
/// Longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 1024;
/// Longest words of clamd's that are kept.
const WORDS_CHARS_MAX: usize = 200;

/// A clamd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clamd {
    /// Where it listens.
    pub address: Address,
    /// How long it may keep one submission waiting.
    pub patience: Duration,
}

/// Where a clamd listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Host and port.
    Tcp(String),
    /// A socket on this machine.
    Unix(PathBuf),
}

/// What clamd found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing bad.
    Clean,
    /// What it calls what it found.
    Infected(String),
}

/// Why clamd did not say what is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody listens there, or not to us.
    Unreachable(io::ErrorKind),
    /// It kept us waiting for longer than it may.
    TooSlow,
    /// It hung up without an answer.
    HungUp,
    /// The file is larger than its `StreamMaxLength`.
    TooLarge,
    /// It looked into a part only, for a limit of its own that it names.
    InPart(String),
    /// Something else.
    Said(String),
}

/// What is left of the time that clamd may keep somebody waiting.
#[derive(Debug)]
pub(crate) struct Patience(Duration);

type Connection = Either<TcpStream, UnixStream>;

impl Clamd {
    /// The patience with all files of one submission.
    pub(crate) fn patience(&self) -> Patience {
        Patience(self.patience)
    }

    /// What it calls itself, with the version of its signatures.
    ///
    /// # Errors
    /// Why it does not say.
    pub async fn version(&self) -> Result<String, Trouble> {
        if self.ask(b"zPING\0").await? != "PONG" {
            return Err(Trouble::Said("no PONG to a PING".to_owned()));
        }
        self.ask(b"zVERSION\0").await
    }

    /// Shows it a file of zeros of this size.
    ///
    /// # Errors
    /// Why it does not take it: [`Trouble::TooLarge`] when its `StreamMaxLength` is too small.
    pub async fn try_size(&self, bytes: usize) -> Result<(), Trouble> {
        let zeros = Bytes::from(vec![0; PIECE_BYTES_MAX]);
        let (sender, chunks) = mpsc::channel(1);
        let feed = async {
            let mut left = bytes;
            while left > 0 && sender.send(zeros.slice(..left.min(PIECE_BYTES_MAX))).await.is_ok() {
                left = left.saturating_sub(PIECE_BYTES_MAX);
            }
            drop(sender);
        };
        let mut patience = self.patience();
        let ((), looked) = tokio::join!(feed, self.scan(chunks, &mut patience));
        looked.map(|_| ())
    }

    /// Shows it a file as its bytes come; they are its end when nobody sends any more. Whoever drops this has shown it
    /// nothing. Only the time for which clamd keeps us waiting counts, not that in which the file comes.
    pub(crate) async fn scan(
        &self,
        mut chunks: Receiver<Bytes>,
        patience: &mut Patience,
    ) -> Result<Verdict, Trouble> {
        let (reader, mut writer) = tokio::io::split(self.connect(patience).await?);
        let mut answer = pin!(read_answer(reader));
        let fed = tokio::select! {
            biased;
            early = &mut answer => return match understand(&early) {
                Ok(Verdict::Clean) => Err(Trouble::Said("OK before it had all".to_owned())),
                said => said,
            },
            fed = feed(&mut writer, &mut chunks, patience) => fed,
        };
        match fed {
            // What it said before it hung up tells more.
            Ok(()) | Err(Trouble::HungUp) => understand(&patience.wait(answer).await?),
            Err(trouble) => Err(trouble),
        }
    }

    async fn connect(&self, patience: &mut Patience) -> Result<Connection, Trouble> {
        let connected = patience.wait(async {
            Ok(match &self.address {
                Address::Tcp(authority) => Either::Left(TcpStream::connect(authority).await?),
                Address::Unix(path) => Either::Right(UnixStream::connect(path).await?),
            })
        });
        connected.await?.map_err(|error: io::Error| Trouble::Unreachable(error.kind()))
    }

    async fn ask(&self, command: &[u8]) -> Result<String, Trouble> {
        let mut patience = self.patience();
        let (reader, mut writer) = tokio::io::split(self.connect(&mut patience).await?);
        patience.wait(writer.write_all(command)).await?.map_err(|_| Trouble::HungUp)?;
        words(&patience.wait(read_answer(reader)).await?)
    }
}

impl Patience {
    async fn wait<T>(&mut self, act: impl Future<Output = T>) -> Result<T, Trouble> {
        if self.0.is_zero() {
            return Err(Trouble::TooSlow);
        }
        let begun = Instant::now();
        let done = tokio::time::timeout(self.0, act).await;
        self.0 = self.0.saturating_sub(begun.elapsed());
        done.map_err(|_| Trouble::TooSlow)
    }
}

async fn feed(
    writer: &mut (impl AsyncWrite + Unpin),
    chunks: &mut Receiver<Bytes>,
    patience: &mut Patience,
) -> Result<(), Trouble> {
    patience.wait(writer.write_all(b"zINSTREAM\0")).await?.map_err(|_| Trouble::HungUp)?;
    while let Some(chunk) = chunks.recv().await {
        for piece in chunk.chunks(PIECE_BYTES_MAX) {
            patience.wait(write_piece(writer, piece)).await?.map_err(|_| Trouble::HungUp)?;
        }
    }
    patience.wait(write_piece(writer, &[])).await?.map_err(|_| Trouble::HungUp)
}

/// An empty one is the end.
async fn write_piece(writer: &mut (impl AsyncWrite + Unpin), piece: &[u8]) -> io::Result<()> {
    let size = u32::try_from(piece.len()).expect("a piece has 64 KiB at most");
    writer.write_u32(size).await?;
    writer.write_all(piece).await?;
    writer.flush().await
}

/// All that it says before it hangs up, or until the zero that ends an answer.
async fn read_answer(reader: impl AsyncRead + Unpin) -> Vec<u8> {
    let (mut reader, mut answer) = (reader.take(ANSWER_BYTES_MAX), Vec::new());
    while !answer.contains(&0) && reader.read_buf(&mut answer).await.is_ok_and(|bytes| bytes > 0) {}
    answer
}

/// The words of a whole answer, as far as they can be printed.
fn words(answer: &[u8]) -> Result<String, Trouble> {
    let Some(end) = answer.iter().position(|byte| *byte == 0) else { return Err(Trouble::HungUp) };
    let said = String::from_utf8_lossy(&answer[..end]);
    Ok(said.trim().chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(WORDS_CHARS_MAX).collect())
}

fn understand(answer: &[u8]) -> Result<Verdict, Trouble> {
    let said = words(answer)?;
    let of_the_file = said.strip_prefix("stream: ").unwrap_or(&said);
    if of_the_file == "OK" {
        return Ok(Verdict::Clean);
    }
    match of_the_file.strip_suffix(" FOUND") {
        // No signature: `AlertExceedsMax` makes clamd say so of what it did not look at.
        Some(limit) if limit.starts_with("Heuristics.Limits.Exceeded") => {
            Err(Trouble::InPart(limit.to_owned()))
        }
        Some(signature) => Ok(Verdict::Infected(signature.to_owned())),
        None if said.starts_with("INSTREAM size limit exceeded") => Err(Trouble::TooLarge),
        None => Err(Trouble::Said(of_the_file.to_owned())),
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(kind) => write!(f, "clamd could not be reached: {kind}"),
            Self::TooSlow => f.write_str("clamd took too long"),
            Self::HungUp => f.write_str("clamd hung up"),
            Self::TooLarge => f.write_str("clamd takes no file of this size (StreamMaxLength)"),
            Self::InPart(limit) => write!(f, "clamd looked into a part only ({limit})"),
            Self::Said(words) => write!(f, "clamd said {words:?}"),
        }
    }
}

impl FromStr for Address {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some(path) = text.strip_prefix("unix://") {
            return path.starts_with('/').then(|| Self::Unix(path.into())).ok_or(());
        }
        let authority = text.strip_prefix("tcp://").ok_or(())?;
        let (host, port) = authority.rsplit_once(':').ok_or(())?;
        let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        let is_host = !host.is_empty() && !host.contains(['/', '@', ' ']);
        (is_host && is_port).then(|| Self::Tcp(authority.to_owned())).ok_or(())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(authority) => write!(f, "tcp://{authority}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_answer_is_understood() {
        let infected = |name: &str| Ok(Verdict::Infected(name.to_owned()));
        for (answer, expected) in [
            ("stream: OK\0", Ok(Verdict::Clean)),
            ("stream: Win.Test.EICAR_HDB-1 FOUND\0", infected("Win.Test.EICAR_HDB-1")),
            ("stream: A-1(44d88612:68) FOUND\0", infected("A-1(44d88612:68)")),
            ("INSTREAM size limit exceeded. ERROR\0", Err(Trouble::TooLarge)),
            (
                "stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0",
                Err(Trouble::InPart("Heuristics.Limits.Exceeded.MaxFileSize".to_owned())),
            ),
            (
                "stream: Can't allocate\u{1b}[2J memory ERROR\0",
                Err(Trouble::Said("Can't allocate[2J memory ERROR".to_owned())),
            ),
            ("", Err(Trouble::HungUp)),
            ("stream: OK", Err(Trouble::HungUp)),
        ] {
            assert_eq!(understand(answer.as_bytes()), expected, "{answer:?}");
        }
    }

    #[test]
    fn addresses_are_told_by_their_scheme() {
        for good in
            ["tcp://127.0.0.1:3310", "tcp://clamd:3310", "tcp://[::1]:3310", "unix:///run/clamav/clamd.ctl"]
        {
            assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
        }
        for bad in [
            "127.0.0.1:3310",
            "tcp://127.0.0.1",
            "tcp://:3310",
            "tcp://h:0",
            "tcp://h:3310/",
            "unix://clamd.ctl",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn only_one_answer_is_clean(answer in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(understand(&answer) != Ok(Verdict::Clean));
        }
    }
}
