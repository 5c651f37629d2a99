//! A private Dovecot (2.3, Debian's `dovecot-imapd`) with one mailbox, on free ports of loopback, with and without TLS.
//! Mails are delivered as a mail server would: into the Maildir behind it. Stopped when dropped.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;

const USER: &str = "help";
const PASSWORD: &str = "sesame";

/// uid and gid of `nobody` and `nogroup` on Debian: mail processes never run as root.
const NOBODY: (u32, u32) = (65534, 65534);

/// A running Dovecot.
#[derive(Debug)]
pub struct Dovecot {
    folder: TempDir,
    child: Option<Child>,
    port: u16,
    tls_port: u16,
    delivered: AtomicUsize,
}

impl Dovecot {
    /// Starts one; none when Dovecot is not installed, which it says on standard error. With `CI` set that is a failure.
    ///
    /// # Panics
    /// When it is installed and does not start, or when it is missing and `CI` is set.
    pub async fn start() -> Option<Self> {
        let Some(program) = program() else {
            assert!(std::env::var_os("CI").is_none(), "Dovecot is missing; .ci/run installs dovecot-imapd");
            #[expect(clippy::print_stderr, reason = "a skipped test says so")]
            {
                eprintln!("SKIPPED: Dovecot is not installed (Debian: apt-get install dovecot-imapd)");
            }
            return None;
        };
        let folder = tempfile::Builder::new().prefix("redress-dovecot-").tempdir().expect("a temporary folder");
        let mut dovecot =
            Self { folder, child: None, port: free_port(), tls_port: free_port(), delivered: AtomicUsize::new(0) };
        dovecot.lay_out();
        dovecot.spawn(&program).await;
        Some(dovecot)
    }

    /// Port without TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Port with implicit TLS; its certificate is for `localhost` and 127.0.0.1.
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The certificate authority of the TLS port (PEM).
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The mailbox's user.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// Their password.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// The Maildir behind INBOX.
    pub fn maildir(&self) -> PathBuf {
        self.folder.path().join("mail").join(USER)
    }

    /// Delivers mails into INBOX.
    ///
    /// # Panics
    /// When the mailbox cannot be written.
    pub fn deliver<M: AsRef<[u8]>>(&self, mails: &[M]) {
        for mail in mails {
            let n = self.delivered.fetch_add(1, Ordering::Relaxed);
            let name = format!("{:010}.M{n}P1.example", 1_700_000_000 + n);
            let (written, new) = (self.maildir().join("tmp").join(&name), self.maildir().join("new").join(&name));
            std::fs::write(&written, mail).expect("a mail is written");
            give(&written);
            std::fs::rename(written, new).expect("a mail is delivered");
        }
    }

    /// Stops it and starts it again on the same mailbox and ports.
    ///
    /// # Panics
    /// When it does not start again.
    pub async fn restart(&mut self) {
        self.stop();
        let program = program().expect("it was there a moment ago");
        self.spawn(&program).await;
    }

    /// Forgets UIDVALIDITY and UIDs, as when a mailbox is moved to another server. Stop reading first.
    ///
    /// # Panics
    /// When it does not start again.
    pub async fn forget_uids(&mut self) {
        self.stop();
        for entry in std::fs::read_dir(self.maildir()).expect("the mailbox is there").flatten() {
            if entry.file_name().to_string_lossy().starts_with("dovecot") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        let program = program().expect("it was there a moment ago");
        self.spawn(&program).await;
    }

    fn lay_out(&self) {
        let root = self.folder.path();
        // The mail processes run as another user and must reach what is theirs.
        std::fs::set_permissions(root, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("its folder is open");
        for name in ["", "tmp", "new", "cur"] {
            let folder = self.maildir().join(name);
            std::fs::create_dir_all(&folder).expect("a mailbox");
            give(&folder);
        }
        give(&root.join("mail"));
        std::fs::write(root.join("users"), format!("{USER}:{{PLAIN}}{PASSWORD}::::::\n")).expect("its users");
        certify(root);
        std::fs::write(root.join("dovecot.conf"), self.configuration()).expect("its configuration");
    }

    fn configuration(&self) -> String {
        let root = self.folder.path().display();
        let mut text = format!(
            "base_dir = {root}/run\nstate_dir = {root}/state\nlog_path = {root}/dovecot.log\nprotocols = imap\n\
             listen = 127.0.0.1\nfirst_valid_uid = 1\nfirst_valid_gid = 1\nmail_location = maildir:{root}/mail/%u\n\
             ssl = yes\nssl_cert = <{root}/cert.pem\nssl_key = <{root}/key.pem\ndisable_plaintext_auth = no\n\
             auth_mechanisms = plain login\nmail_max_userip_connections = 200\nservice imap-login {{\n\
             inet_listener imap {{\nport = {}\n}}\ninet_listener imaps {{\nport = {}\nssl = yes\n}}\n",
            self.port, self.tls_port
        );
        let mail_user = if is_root() {
            text.push_str("}\n");
            "uid=nobody gid=nogroup".to_owned()
        } else {
            let me = std::fs::metadata("/proc/self").map(|m| (m.uid(), m.gid())).unwrap_or(NOBODY);
            // Without root nothing can change its root or user: all of it runs as whoever started it.
            let _ = write!(
                text,
                "chroot =\n}}\nservice anvil {{\nchroot =\n}}\nservice stats {{\nchroot =\n}}\n\
                 default_internal_user = {0}\ndefault_login_user = {0}\ndefault_internal_group = {1}\n",
                me.0, me.1
            );
            format!("uid={} gid={}", me.0, me.1)
        };
        let _ = write!(
            text,
            "passdb {{\ndriver = passwd-file\nargs = scheme=PLAIN {root}/users\n}}\n\
             userdb {{\ndriver = static\nargs = {mail_user} home={root}/mail/%u\n}}\n"
        );
        text
    }

    async fn spawn(&mut self, program: &Path) {
        let log = std::fs::File::create(self.folder.path().join("output.log")).expect("a log file");
        let child = Command::new(program)
            .args(["-F", "-c"])
            .arg(self.folder.path().join("dovecot.conf"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file twice"))
            .stderr(log)
            .spawn()
            .expect("dovecot starts");
        self.child = Some(child);
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if greets(self.port).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let said = ["output.log", "dovecot.log"]
            .map(|log| std::fs::read_to_string(self.folder.path().join(log)).unwrap_or_default());
        panic!("Dovecot did not come up within 30 s:\n{}", said.join("\n"));
    }

    fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // SIGTERM to the master, so that it ends its children.
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

fn program() -> Option<PathBuf> {
    ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/usr/bin/dovecot"].map(PathBuf::from).into_iter().find(|p| p.exists())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Gives a file to the mail user, where there is another one.
fn give(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY.0), Some(NOBODY.1)).expect("root may give files away");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

async fn greets(port: u16) -> bool {
    let Ok(mut stream) = tokio::net::TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let mut greeting = [0; 4];
    let read = tokio::time::timeout(Duration::from_secs(2), stream.read_exact(&mut greeting)).await;
    matches!(read, Ok(Ok(_))) && &greeting == b"* OK"
}

/// A certificate authority and a certificate signed by it (rustls refuses one that is both).
fn certify(folder: &Path) {
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    let mut ca = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_certificate = ca.self_signed(&ca_key).expect("a certificate");
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().expect("a key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names)
        .expect("parameters")
        .signed_by(&key, &issuer)
        .expect("a certificate");
    for (name, text) in
        [("ca.pem", ca_certificate.pem()), ("cert.pem", certificate.pem()), ("key.pem", key.serialize_pem())]
    {
        std::fs::write(folder.join(name), text).expect("a certificate file");
    }
}
