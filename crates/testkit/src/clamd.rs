//! A private clamd: own folder, a socket and a port of its own, and one signature, so that it starts at once and knows
//! nothing of the outside. Stopped when dropped.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::eventually::{PATIENCE, happens_within};
use crate::port::Port;

/// What it takes for malicious, wherever it stands in a file. It does no harm.
pub const MALICIOUS: &str = "redress-test-signature-0001";
/// What it calls that.
pub const SIGNATURE: &str = "Redress.Test.UNOFFICIAL";
/// Largest file that it takes.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// A running clamd.
#[derive(Debug)]
pub struct Clamd {
    folder: TempDir,
    port: Port,
    child: Child,
}

impl Clamd {
    /// Starts one. None when clamd is not installed: says so on standard error, for the test to skip itself; in CI (variable
    /// `CI`), where it must be there, panics instead.
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            let advice = "there is no clamd here (apt-get install --no-install-recommends clamav-daemon)";
            assert!(std::env::var_os("CI").is_none(), "{advice}, and in CI it must be there");
            let _ = writeln!(std::io::stderr(), "SKIPPED: {advice}");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("redress-clamd-").tempdir().expect("a temporary folder");
        let port = Port::claim();
        write_files(folder.path(), port.number());
        let log = std::fs::File::create(folder.path().join("log")).expect("a log file");
        let errors = log.try_clone().expect("the log file is open");
        let mut command = Command::new(program);
        command.arg("-c").arg(folder.path().join("clamd.conf"));
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = command.spawn().expect("clamd starts");
        let clamd = Self { folder, port, child };
        if !happens_within(PATIENCE, || clamd.answers()) {
            let log = std::fs::read_to_string(clamd.path("log")).unwrap_or_default();
            panic!("clamd did not come up within {PATIENCE:?}:\n{log}");
        }
        Some(clamd)
    }

    /// Where it listens on this machine, as the settings name it.
    pub fn unix_address(&self) -> String {
        format!("unix://{}", self.path("socket").display())
    }

    /// Where it listens on the loopback interface, as the settings name it.
    pub fn tcp_address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port.number())
    }

    /// Whether it has some of a file, and waits for more.
    pub fn is_receiving(&self) -> bool {
        let entries = std::fs::read_dir(self.path("files")).expect("the folder of files is there");
        entries.flatten().any(|entry| entry.metadata().is_ok_and(|file| file.len() > 0))
    }

    /// Kills it in whatever it does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = UnixStream::connect(self.path("socket")) else { return false };
        let mut said = [0; 4];
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        stream.write_all(b"zPING\0").is_ok() && stream.read_exact(&mut said).is_ok() && said == *b"PONG"
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.kill();
    }
}

fn write_files(folder: &Path, port: u16) {
    for name in ["signatures", "files"] {
        std::fs::create_dir(folder.join(name)).expect("a folder is made");
    }
    let hex = MALICIOUS.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a text takes more text");
        hex
    });
    // Any kind of file, at any offset. What clamd's makers did not sign it calls unofficial.
    let name = SIGNATURE.trim_end_matches(".UNOFFICIAL");
    let base = folder.display();
    let configuration = format!(
        "DatabaseDirectory {base}/signatures\nTemporaryDirectory {base}/files\nLocalSocket {base}/socket\n\
         TCPAddr 127.0.0.1\nTCPSocket {port}\nForeground yes\nStreamMaxLength {FILE_BYTES_MAX}\nConcurrentDatabaseReload no\n"
    );
    std::fs::write(folder.join("signatures/test.ndb"), format!("{name}:0:*:{hex}\n")).expect("written");
    std::fs::write(folder.join("clamd.conf"), configuration).expect("written");
}

fn program() -> Option<PathBuf> {
    let known = ["/usr/sbin/clamd", "/usr/bin/clamd", "/usr/local/sbin/clamd"];
    known.map(PathBuf::from).into_iter().find(|path| path.exists())
}
