//! A mailbox on an IMAP server: where it is, how we sign in, which folders are read, what becomes of a mail on record.

use std::net::IpAddr;
use std::path::PathBuf;

use redress_runtime::Secret;
use redress_runtime::settings::{Problems, secret};

use super::oauth::{self, Oauth};
use super::settings::{Account as AccountSettings, AfterAck, Tls};

/// A mailbox on an IMAP server.
#[derive(Debug, Clone)]
pub struct Imap {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub tls: Tls,
    /// Certificate authority (PEM); the platform's when absent.
    pub ca_file: Option<PathBuf>,
    /// User.
    pub user: String,
    /// How we sign in.
    pub login: Login,
    /// Folders; there is at least one.
    pub folders: Vec<String>,
    /// The folder of sent mail, if it is read.
    pub sent: Option<String>,
    /// Whether the server is asked to say when mail comes.
    pub idle: bool,
    /// What happens to a mail that is on record.
    pub done: Done,
}

/// How we sign in.
#[derive(Debug, Clone)]
pub enum Login {
    /// With a password.
    Password(Secret),
    /// With a token.
    Oauth(Box<Oauth>),
}

/// What happens to a mail that is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Nothing: the folder is opened read-only.
    Leave,
    /// It gets this keyword.
    Flag(String),
    /// It moves to this folder.
    Move(String),
}

pub(super) fn check(account: &AccountSettings, key: &str, problems: &mut Problems) -> Imap {
    if account.path.is_some() {
        problems.note(format!("{key}.path"), "belongs to accounts of kind \"maildir\" only");
    }
    super::webhook::is_none(account, key, problems);
    for (name, value) in [("host", &account.host), ("user", &account.user)] {
        if value.is_empty() || value.chars().any(char::is_control) {
            problems.note(format!("{key}.{name}"), "must be given, without control characters");
        }
    }
    let folders = check_folders(account, key, problems);
    if account.tls == Tls::None && !is_loopback(&account.host) {
        problems.note(
            format!("{key}.tls"),
            "\"none\" is allowed to this machine only (localhost, 127.0.0.1, ::1)",
        );
    }
    let login = check_login(account, key, problems);
    let usual_port = if account.tls == Tls::Implicit { 993 } else { 143 };
    Imap {
        host: account.host.clone(),
        port: if account.port == 0 { usual_port } else { account.port },
        tls: account.tls,
        ca_file: account.ca_file.clone(),
        user: account.user.clone(),
        login,
        folders,
        sent: Some(account.sent_folder.clone()).filter(|folder| !folder.is_empty()),
        idle: account.idle,
        done: check_done(account, key, problems),
    }
}

fn check_login(account: &AccountSettings, key: &str, problems: &mut Problems) -> Login {
    let password =
        secret(&format!("{key}.password"), &account.password, account.password_file.as_ref(), problems);
    let has_password = !password.is_empty() || account.password_file.is_some();
    match &account.oauth {
        Some(_) if has_password => {
            problems
                .note(format!("{key}.password"), "is not used beside an oauth table; leave one of them out");
            Login::Password(password)
        }
        Some(oauth) => Login::Oauth(Box::new(oauth::check(oauth, &format!("{key}.oauth"), problems))),
        None => {
            if !has_password {
                problems.note(format!("{key}.password"), "must be given (better as password_file)");
            }
            Login::Password(password)
        }
    }
}

fn check_folders(account: &AccountSettings, key: &str, problems: &mut Problems) -> Vec<String> {
    let more = account.more_folders.iter().enumerate();
    let more = more.map(|(index, folder)| (format!("more_folders[{index}]"), folder));
    let mut folders: Vec<String> = Vec::new();
    for (name, folder) in [("folder".to_owned(), &account.folder)].into_iter().chain(more) {
        if folder.is_empty() || folder.chars().any(char::is_control) {
            problems.note(format!("{key}.{name}"), "must be given, without control characters");
        }
        if folders.contains(folder) {
            problems.note(format!("{key}.{name}"), "is named twice");
        }
        check_utf7(folder, &format!("{key}.{name}"), problems);
        folders.push(folder.clone());
    }
    check_utf7(&account.move_to, &format!("{key}.move_to"), problems);
    folders
}

fn check_utf7(folder: &str, key: &str, problems: &mut Problems) {
    if !folder.is_ascii() {
        problems.note(key, "must be written as the server does, in modified UTF-7 (`Entw&APw-rfe`)");
    }
}

fn check_done(account: &AccountSettings, key: &str, problems: &mut Problems) -> Done {
    match account.after_ack {
        AfterAck::Leave => Done::Leave,
        AfterAck::Flag => {
            let keyword = &account.keyword;
            let atom = |c: char| c.is_ascii_graphic() && !"(){%*\"\\]".contains(c);
            if keyword.is_empty() || !keyword.chars().all(atom) {
                problems.note(format!("{key}.keyword"), "must be an IMAP keyword, such as $Redress");
            }
            Done::Flag(keyword.clone())
        }
        AfterAck::Move => {
            let target = &account.move_to;
            let is_read = target == &account.folder || account.more_folders.contains(target);
            if target.is_empty() || is_read || target.chars().any(char::is_control) {
                problems.note(format!("{key}.move_to"), "must be another folder than those that are read");
            }
            Done::Move(target.clone())
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
