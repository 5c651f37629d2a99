//! A private Dovecot: own configuration, mail folder, certificates and free ports on this machine, run without
//! privileges and stopped when dropped. It can be killed and started again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::eventually::{PATIENCE, happens_within};
use crate::port::Port;

/// Every user's password.
pub const PASSWORD: &str = "se\"cret \\ 7";

/// A running Dovecot.
#[derive(Debug)]
pub struct Dovecot {
    folder: TempDir,
    program: PathBuf,
    child: Option<Child>,
    imap_port: Port,
    imaps_port: Port,
    user: String,
    /// Where it asks whether a token is good, if it takes tokens.
    introspection_url: Option<String>,
    delivered: std::sync::atomic::AtomicUsize,
}

impl Dovecot {
    /// Starts one for the user `help`. None when Dovecot is not installed: says so on standard error, for the test to
    /// skip itself; in CI (variable `CI`), where it must be there, panics instead.
    pub fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// As [`start`](Self::start), with XOAUTH2 and OAUTHBEARER besides passwords: it asks there whether a token is good.
    pub fn start_with_tokens(introspection_url: &str) -> Option<Self> {
        Self::start_with(Some(introspection_url.to_owned()))
    }

    fn start_with(introspection_url: Option<String>) -> Option<Self> {
        let Some(program) = program() else {
            let advice = "there is no Dovecot here (apt-get install dovecot-imapd)";
            assert!(std::env::var_os("CI").is_none(), "{advice}, and in CI it must be there");
            let _ = writeln!(std::io::stderr(), "SKIPPED: {advice}");
            return None;
        };
        let folder =
            tempfile::Builder::new().prefix("redress-dovecot-").tempdir().expect("a temporary folder");
        let mut dovecot = Self {
            folder,
            program,
            child: None,
            imap_port: Port::claim(),
            imaps_port: Port::claim(),
            user: user(),
            introspection_url,
            delivered: std::sync::atomic::AtomicUsize::new(0),
        };
        dovecot.write_files();
        dovecot.restart();
        Some(dovecot)
    }

    /// Where plain IMAP and STARTTLS listen.
    pub fn imap_port(&self) -> u16 {
        self.imap_port.number()
    }

    /// Where IMAP over TLS listens.
    pub fn imaps_port(&self) -> u16 {
        self.imaps_port.number()
    }

    /// The certificate authority behind its certificate, which is for `localhost`.
    pub fn ca_file(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// Delivers a mail to the inbox of `help`, as a mail server would.
    pub fn deliver(&self, raw: &[u8]) {
        self.deliver_into(&self.path("mail/help"), raw);
    }

    /// Delivers many mails at nearly one moment, which it answers: they are written first, then all show up, in this order.
    pub fn deliver_all<'r>(&self, mails: impl IntoIterator<Item = &'r [u8]>) -> Instant {
        let maildir = self.path("mail/help");
        let written: Vec<(PathBuf, PathBuf)> =
            mails.into_iter().map(|raw| self.write_mail(&maildir, raw)).collect();
        let begun = Instant::now();
        for (tmp, new) in written {
            std::fs::rename(tmp, new).expect("the mail is delivered");
        }
        begun
    }

    /// Delivers a mail to another folder of `help`, which must be there.
    pub fn deliver_to(&self, folder: &str, raw: &[u8]) {
        self.deliver_into(&self.path("mail/help").join(format!(".{folder}")), raw);
    }

    fn deliver_into(&self, maildir: &Path, raw: &[u8]) {
        let (tmp, new) = self.write_mail(maildir, raw);
        std::fs::rename(tmp, new).expect("the mail is delivered");
    }

    /// Writes a mail beside those that are delivered; answers where it lies and where it is to go.
    fn write_mail(&self, maildir: &Path, raw: &[u8]) -> (PathBuf, PathBuf) {
        let number = self.delivered.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let name = format!("17{number:08}.M{number}P1.localhost");
        let (tmp, new) = (maildir.join("tmp").join(&name), maildir.join("new").join(&name));
        std::fs::write(&tmp, raw).expect("the mail is written");
        self.give(&tmp);
        (tmp, new)
    }

    /// Says something as another mail program of `help` would, with the inbox open, and answers what the server said.
    pub fn say(&self, command: &str) -> String {
        let stream = TcpStream::connect(("127.0.0.1", self.imap_port())).expect("Dovecot listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out is set");
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).expect("a greeting");
        let mut said = String::new();
        let password = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
        for (tag, text) in [
            ("a", format!("LOGIN help \"{password}\"")),
            ("b", "SELECT INBOX".to_owned()),
            ("c", command.to_owned()),
        ] {
            reader.get_mut().write_all(format!("{tag} {text}\r\n").as_bytes()).expect("Dovecot listens");
            said.clear();
            loop {
                line.clear();
                let read = reader.read_line(&mut line).expect("Dovecot answers");
                assert!(read > 0, "Dovecot hung up after {text}: {said}");
                said.push_str(&line);
                if let Some(answer) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
                    assert!(answer.starts_with("OK"), "Dovecot refused {text}: {answer}");
                    break;
                }
            }
        }
        said
    }

    /// Programs that are signed in now.
    pub fn sessions(&self) -> usize {
        let mut command = Command::new("doveadm");
        let output = command.arg("-c").arg(self.path("dovecot.conf")).args(["who", "-1"]).output();
        let output = output.expect("doveadm comes with Dovecot");
        String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.starts_with("help ")).count()
    }

    /// Ends every session, as a server does whose tokens have run out.
    pub fn end_sessions(&self) {
        let mut command = Command::new("doveadm");
        let output = command.arg("-c").arg(self.path("dovecot.conf")).args(["kick", "help"]).output();
        let output = output.expect("doveadm comes with Dovecot");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            said.contains("help"),
            "Dovecot ended no session: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Makes the server number the mails of the inbox anew: another UIDVALIDITY.
    pub fn renew_uid_validity(&mut self) {
        self.stop();
        for entry in std::fs::read_dir(self.path("mail/help")).expect("the mail folder is there").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("dovecot.index") || name.starts_with("dovecot-uid") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        let list = self.path("mail/help/dovecot-uidlist");
        let validity = 1_000_000 + self.delivered.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        std::fs::write(&list, format!("3 V{validity} N5000 G0123456789abcdef0123456789abcdef\n"))
            .expect("written");
        self.give(&list);
        self.restart();
    }

    /// Stops it and starts it again on the same ports and mails.
    pub fn restart(&mut self) {
        self.stop();
        let free = || self.imap_port.is_free() && self.imaps_port.is_free();
        assert!(happens_within(PATIENCE, free), "what Dovecot started keeps its ports");
        let config = self.path("dovecot.conf");
        let mut command = if self.user == "nobody" {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]).arg(&self.program);
            command
        } else {
            Command::new(&self.program)
        };
        let log = std::fs::File::create(self.path("stdout.log")).expect("a log file");
        let errors = log.try_clone().expect("the log file is open");
        command.arg("-F").arg("-c").arg(config).stdin(Stdio::null()).stdout(log).stderr(errors);
        command.process_group(0);
        self.child = Some(command.spawn().expect("Dovecot starts"));
        self.wait_for_greeting();
    }

    /// Stops it, with every process it started: one that outlives it would keep its ports.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let master = child.id();
        let _ = Command::new("kill").arg(master.to_string()).status();
        // It waits some seconds itself for those it started.
        happens_within(Duration::from_secs(15), || matches!(child.try_wait(), Ok(Some(_))));
        let mut command = Command::new("kill");
        let _ = command.args(["-KILL", "--", &format!("-{master}")]).stderr(Stdio::null()).status();
        let _ = child.wait();
    }

    fn wait_for_greeting(&self) {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", self.imap_port())) {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                let mut line = String::new();
                if BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("* OK") {
                    return;
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let read = |name: &str| std::fs::read_to_string(self.path(name)).unwrap_or_default();
        panic!("Dovecot did not come up within {PATIENCE:?}:\n{}{}", read("stdout.log"), read("dovecot.log"));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_files(&self) {
        for folder in ["run", "state", "mail", "mail/help", "mail/help/tmp", "mail/help/new", "mail/help/cur"]
        {
            std::fs::create_dir_all(self.path(folder)).expect("a folder is made");
            self.give(&self.path(folder));
        }
        self.write_certificates();
        self.write("users", &format!("help:{{PLAIN}}{PASSWORD}::::::\n"));
        self.write("dovecot.conf", &self.configuration());
        if let Some(url) = &self.introspection_url {
            let text = format!(
                "introspection_mode = post\nintrospection_url = {url}\nusername_attribute = username\n\
                 username_format = %u\nactive_attribute = active\nactive_value = true\n"
            );
            self.write("oauth2.conf", &text);
        }
        self.give(self.folder.path());
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a file is written");
        self.give(&self.path(name));
    }

    /// Files are the server's, which under root runs as nobody.
    fn give(&self, path: &Path) {
        if self.user == "nobody" {
            let nobody = Some(65534);
            std::os::unix::fs::chown(path, nobody, nobody).expect("root may give files away");
        }
    }

    fn write_certificates(&self) {
        let mut ca = CertificateParams::new(Vec::new()).expect("no names are good names");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().expect("a key is made");
        let ca_certificate = ca.self_signed(&ca_key).expect("the authority signs itself");
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("localhost is a name");
        let leaf_key = KeyPair::generate().expect("a key is made");
        let certificate = leaf.signed_by(&leaf_key, &Issuer::new(ca, ca_key)).expect("the authority signs");
        self.write("ca.pem", &ca_certificate.pem());
        self.write("cert.pem", &certificate.pem());
        self.write("key.pem", &leaf_key.serialize_pem());
    }

    fn configuration(&self) -> String {
        let base = self.folder.path().display();
        let user = &self.user;
        let group = if user == "nobody" { "nogroup".to_owned() } else { said_by("id", "-gn") };
        let (imap, imaps) = (self.imap_port(), self.imaps_port());
        let (mechanisms, tokens) = match self.introspection_url {
            None => ("plain login", String::new()),
            Some(_) => (
                "plain login xoauth2 oauthbearer",
                format!(
                    "passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {base}/oauth2.conf\n}}\n"
                ),
            ),
        };
        format!(
            "base_dir = {base}/run\nstate_dir = {base}/state\nlog_path = {base}/dovecot.log\nprotocols = imap\n\
             listen = 127.0.0.1\ndefault_internal_user = {user}\ndefault_internal_group = {group}\n\
             default_login_user = {user}\nmail_uid = {user}\nmail_gid = {group}\nfirst_valid_uid = 1\n\
             mail_location = maildir:{base}/mail/%u\nssl = yes\nssl_cert = <{base}/cert.pem\nssl_key = <{base}/key.pem\n\
             disable_plaintext_auth = no\nauth_mechanisms = {mechanisms}\nmail_max_userip_connections = 100\n\
             {tokens}passdb {{\n  driver = passwd-file\n  mechanisms = plain login\n  args = scheme=PLAIN username_format=%u {base}/users\n}}\n\
             userdb {{\n  driver = static\n  args = uid={user} gid={group} home={base}/mail/%u\n}}\n\
             service imap-login {{\n  chroot =\n  inet_listener imap {{\n    port = {imap}\n  }}\n\
             inet_listener imaps {{\n    port = {imaps}\n    ssl = yes\n  }}\n}}\n\
             service auth {{\n  user = {user}\n}}\nservice auth-worker {{\n  user = {user}\n}}\n\
             service anvil {{\n  chroot =\n  unix_listener anvil-auth-penalty {{\n    mode = 0\n  }}\n}}\nservice stats {{\n  chroot =\n}}\n"
        )
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

fn program() -> Option<PathBuf> {
    ["/usr/sbin/dovecot", "/usr/bin/dovecot", "/usr/local/sbin/dovecot"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.exists())
}

/// Who the server runs as: nobody when we are root, ourselves otherwise.
fn user() -> String {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0);
    if is_root { "nobody".to_owned() } else { said_by("id", "-un") }
}

fn said_by(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output().expect("a program of every system runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
