//! What can be asked of the program. The help texts teach by example.

mod words;

pub use words::Text;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use redress_contract::{
    ClockId, CloseReason, ContactId, Disposition, HandlerId, Hold, MilestoneId, Outcome, PolicyId, Severity,
    TeamId,
};

const EXAMPLES: &str = "\
Examples:
  redress up                    everything on this machine; the form is on http://127.0.0.1:8080
  redress queue                 open complaints, the most urgent first
  redress show RD-4F7K-2QMX     one complaint: its timeline, the words, the deadlines
  redress act RD-4F7K-2QMX --as ina accept
  redress events --from beginning --follow
  redress doctor                what is wrong, and how to mend it

Settings: --config FILE, else $REDRESS_CONFIG, else ./redress.toml when it is there. Each key can
also be set by a variable: REDRESS__BUS__REPLICAS=3 sets bus.replicas. `redress config` prints them,
deploy/redress.example.toml explains every key.
Exit codes: 0 fine, 1 failed, 2 usage, 78 bad settings.";

/// Complaints by mail and web form, acknowledged, kept on time, on record.
#[derive(Debug, Parser)]
#[command(name = "redress", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// The settings file.
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Answer in JSON lines.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run every service in one process, next to a nats-server of its own.
    #[command(after_help = "\
Data lies in [data] folder: $XDG_DATA_HOME/redress, or ./data. The identity key is made there at
first use; back it up.
The nats-server is [broker] program, else $NATS_SERVER, else .tools/nats-server-2.15.1, else
nats-server on PATH; 2.15.1 or newer.
SIGTERM or Ctrl-C asks to stop: what is in flight is finished. A second one ends at once.")]
    Up,
    /// Run one or more services against the brokers that bus.servers names.
    #[command(after_help = "\
Examples:
  redress run router                  one service; start as many replicas as you like
  redress run email web               several in one process")]
    Run {
        /// The services.
        #[arg(required = true, value_enum)]
        services: Vec<Service>,
    },
    /// Make streams, buckets and consumers, or change them to what the settings say.
    #[command(after_help = "\
Examples:
  redress provision --dry-run           what would be made or changed, and what is refused
  redress provision                     do it; services refuse to start before
  redress provision --init-users users  a key for each service and tool; those that are there stay
  redress provision --print-nats-conf   accounts and permissions for the broker; no secrets
Repeatable: what is as it must be stays as it is. What cannot be changed without harm is refused by
name, and then nothing is changed at all. `redress up` does this by itself.")]
    Provision(Provision),
    /// Try every connection and say what is wrong and how to mend it.
    Doctor,
    /// Print the settings in force, secrets as ***.
    Config,
    /// Run raw input through the same reader as the service; nothing is stored.
    Read {
        /// By which channel it would have come.
        #[command(subcommand)]
        what: Read,
    },
    /// Read mails that could not be read again, after a fix; the first contact stays, the second names it.
    #[command(after_help = "\
Examples:
  redress reparse                               every mail that could not be read
  redress reparse xuemxrujl3n4xy6enb7ersymem    this one, however it was read")]
    Reparse {
        /// Ids of contacts; without any, all emails whose `parse_status` is failed.
        contacts: Vec<ContactId>,
    },
    /// List open complaints in order of urgency.
    Queue {
        /// Only those of this team.
        #[arg(long)]
        team: Option<TeamId>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one complaint: timeline, words, communications, deadlines.
    Show {
        /// Its reference (RD-4F7K-2QMX, any case, hyphens optional) or its id.
        complaint: String,
        /// Show quoted words, forwarded mails and signatures whole; as it is, short ones are folded.
        #[arg(long)]
        whole: bool,
    },
    /// Do what a handler does.
    #[command(after_help = "\
Examples:
  redress act RD-4F7K-2QMX --as ina accept
  redress act RD-4F7K-2QMX --as ina classify --category delivery --severity S2
  redress act RD-4F7K-2QMX --as ina note 'Called the depot; parcel found.'
  redress act RD-4F7K-2QMX --as ina hold awaiting_third_party 'The carrier answers by Friday.'
  redress act RD-4F7K-2QMX --as ina extend final_response 'We wait for the carrier.'
  redress act RD-4F7K-2QMX --as ina acknowledge
  redress act RD-4F7K-2QMX --as ina decide upheld --remedy refund --reasons - < reasons.txt
  redress act RD-4F7K-2QMX --as ina close decided")]
    Act(Act),
    /// Compute a deadline, and show how it comes about.
    #[command(after_help = "\
Examples:
  redress deadline --policy house --received 2026-03-27T18:30:00Z
  redress deadline --policy house --milestone final_response --received '2026-03-27 18:30'
  redress deadline --span 'business_days 5' --calendar office --received 2026-03-27T18:30:00Z
A time without an offset is one of the calendar's zone. No broker is asked.")]
    Deadline(Deadline),
    /// Explain the deadlines of a complaint: what they count from, each day that was skipped and why, what changed them.
    Explain {
        /// Its reference or its id.
        complaint: String,
    },
    /// See to policies: what is owed by when.
    Policy {
        /// What to do.
        #[command(subcommand)]
        what: Policy,
    },
    /// Replay recorded complaints against other policies: which deadlines would have been breached. Nothing is written.
    #[command(after_help = "\
Examples:
  redress simulate --policy new.toml --from 2026-01-01T00:00:00Z
  redress simulate --policy new.toml --from 2026-01-01T00:00:00Z --complaints
The file holds what stands under `rules` in the settings, without that word; what it lacks is taken from the
settings in force (`redress policy check FILE` reads it alike). What people did, and when, stays as it was.")]
    Simulate(Simulate),
    /// Print the complaint stream as CloudEvents, one JSON object a line.
    #[command(after_help = "\
Examples:
  redress events --from beginning       everything that ever happened
  redress events --from 2026-03-01T00:00:00Z --type Decided
  redress events --follow               from now on, until stopped")]
    Events(Events),
    /// See to messages that could not be handled.
    Dead {
        /// What to do with them.
        #[command(subcommand)]
        what: Dead,
    },
    /// Prove that everything in a mailbox is on record; exit code 1 when something is not.
    #[command(after_help = "\
Examples:
  redress reconcile help               each mail of the account `help`, and its contact
  redress reconcile help --gaps        only those that are not on record
Each mail is read again, which changes nothing in the mailbox. A mail that came a moment ago may not
be on record yet: ask again.")]
    Reconcile {
        /// The account, as the settings name it under [email.accounts], [phone.accounts] or [social.accounts].
        account: String,
        /// Leave out what is on record.
        #[arg(long)]
        gaps: bool,
    },
    /// Check the hash chain of every complaint.
    #[command(after_help = "\
Examples:
  redress verify                            every chain, from first to last commit
  redress verify --checkpoint heads.json    and nothing vanished since; writes the new checkpoint
  redress verify --export commits.jsonl     every commit as it lies in the log, one a line")]
    Verify(Verify),
    /// Copy everything the broker holds into a new folder, while everything runs.
    #[command(after_help = "\
Examples:
  redress backup /backup/2026-03-02                           streams, buckets and blobs
  redress backup /backup/2026-03-02 --keys /safe/keys.json    and the keys, in a place of their own
Without the keys a backup is of no use: keep them, but not beside it. The folder appears when
everything is on disk.")]
    Backup(Backup),
    /// Put a backup back into an empty broker, with every service stopped.
    #[command(after_help = "\
Examples:
  redress restore /backup/2026-03-02 --check        only see whether the backup is whole
  redress restore /backup/2026-03-02 --stopped-at 2026-03-02T14:05:00Z
  redress restore /backup/2026-03-02 --keys /safe/keys.json
Without [bus] servers it starts the broker of `redress up` for as long as it takes.
What was not sent yet when the backup was taken may have been sent before the broker was lost: to
people who had complained before --stopped-at nothing automatic goes out until somebody releases it
(redress act RD-… --as … release). --send-again sends it, perhaps twice.")]
    Restore(Restore),
    /// Make personal data unreadable: of a person, or of one complaint. Events and statistics stay.
    #[command(after_help = "\
Examples:
  redress erase --party ann@example.com --dry-run    what would be erased
  redress erase --party ann@example.com
  redress erase --reference RD-4F7K-2QMX
It may be repeated, and goes on where it was broken off. Old copies of the broker's files can be
read until the keys are rotated and the old ones destroyed: redress keys rotate. What it prints
last lies outside: the mail in its mailbox.")]
    Erase(Erase),
    /// Make the keys of an installation, and change those that seal.
    Keys {
        /// What to do.
        #[command(subcommand)]
        what: Keys,
    },
    /// See to those who type in complaints.
    Staff {
        /// What to do.
        #[command(subcommand)]
        what: Staff,
    },
}

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Service {
    /// Mailboxes and Maildirs.
    Email,
    /// Files and posts of telephone systems.
    Phone,
    /// Accounts on social platforms: what is posted, and the answers.
    Social,
    /// The public form and API.
    Web,
    /// Finds each contact's complaint, category and team.
    Router,
    /// Deadlines and escalation.
    Sla,
    /// Acknowledgements, decisions, escalation mail.
    Notifier,
    /// The published event stream.
    Feed,
    /// Once a day: finishes erasing, sweeps what nothing names, erases what was closed long ago.
    Erase,
}

impl Service {
    /// The word used on the command line and in logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Social => "social",
            Self::Web => "web",
            Self::Router => "router",
            Self::Sla => "sla",
            Self::Notifier => "notifier",
            Self::Feed => "feed",
            Self::Erase => "erase",
        }
    }

    /// True when it decides about complaints, by the policies in force.
    pub fn decides(self) -> bool {
        matches!(self, Self::Social | Self::Router | Self::Sla | Self::Notifier | Self::Erase)
    }
}

/// `redress deadline …`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("of").required(true).args(["policy", "span"])))]
pub struct Deadline {
    /// The policy.
    #[arg(long)]
    pub policy: Option<String>,
    /// Only this milestone of it.
    #[arg(long, requires = "policy")]
    pub milestone: Option<String>,
    /// A span without a policy: its kind and value, such as `business_days 5` or `business_time PT4H`.
    #[arg(long)]
    pub span: Option<String>,
    /// The calendar to count in: of a span `office` when absent, of a policy its own.
    #[arg(long)]
    pub calendar: Option<String>,
    /// What it counts from: the receipt, or whatever else the milestone counts from.
    #[arg(long, value_name = "TIME")]
    pub received: String,
}

/// `redress simulate …`
#[derive(Debug, Args)]
pub struct Simulate {
    /// The policies to try (TOML).
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// Complaints received at this time or later.
    #[arg(long, value_name = "TIME")]
    pub from: jiff::Timestamp,
    /// Complaints received before this time; until now when absent.
    #[arg(long, value_name = "TIME")]
    pub to: Option<jiff::Timestamp>,
    /// List each complaint that would go otherwise.
    #[arg(long)]
    pub complaints: bool,
}

/// `redress policy …`
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// List the policies in force, or the presets to start from.
    List {
        /// The presets.
        #[arg(long)]
        presets: bool,
    },
    /// Show one policy whole: every default said aloud, its calendar and ladder, its version.
    Show {
        /// The policy, or a preset.
        policy: String,
    },
    /// Check policies, calendars and ladders of a file; what it lacks is taken from the settings in force.
    Check {
        /// The file (TOML: what stands under `rules` in the settings, without that word); the settings themselves when absent.
        file: Option<PathBuf>,
    },
    /// Let running clocks of a policy follow it as it is now: after a holiday that was announced late.
    #[command(after_help = "\
What is due ahead and falls on another time is recorded as DeadlineChanged (repinned); what is due
already stays as it is.")]
    Repin {
        /// The policy.
        policy: PolicyId,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
    },
}

/// `redress provision …`
#[derive(Debug, Args)]
pub struct Provision {
    /// Only say what would be done; exit code 1 when something is refused.
    #[arg(long)]
    pub dry_run: bool,
    /// Make the seeds of users that are missing, in this folder; no broker is asked.
    #[arg(long, value_name = "FOLDER")]
    pub init_users: Option<PathBuf>,
    /// Print what the broker must be told about users, from the seeds that --init-users or the settings name.
    #[arg(long)]
    pub print_nats_conf: bool,
}

/// `redress read …`
#[derive(Debug, Subcommand)]
pub enum Read {
    /// Read mails (RFC 5322 files) and print each as a contact.
    Email {
        /// The account the mails would have come in by.
        #[arg(long, default_value = "read")]
        account: String,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Read call logs or transcripts and print each row as a contact.
    #[command(after_help = "\
Examples:
  redress read phone --account switchboard Master.csv     as the account of the settings reads it
  redress read phone --format queue_log queue_log         as a format that needs no settings
  redress read phone --format asterisk_csv --zone Europe/Berlin Master.csv")]
    Phone {
        /// The account of the settings whose way of reading is used.
        #[arg(long, conflicts_with_all = ["format", "zone"])]
        account: Option<String>,
        /// What the files are: `asterisk_csv`, `asterisk_ari`, `queue_log`, `freeswitch_csv`, `freeswitch_json`,
        /// `freeswitch_event`, `transcript`.
        #[arg(long, required_unless_present = "account")]
        format: Option<String>,
        /// The time zone of local times.
        #[arg(long)]
        zone: Option<String>,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Read what a social platform answers or posts (JSON; a feed as it is) and print each post as a contact.
    ///
    /// What is nothing for us (likes, receipts, our own posts) is named on standard error.
    #[command(after_help = "\
Examples:
  redress read social mastodon notifications.json
  redress read social feed forum.xml
  redress read social telegram --own kettles_bot update.json")]
    Social {
        /// `mastodon`, `bluesky`, `feed`, `facebook`, `instagram`, `whatsapp`, `telegram`, `x`, `reddit` or `app_store`.
        platform: String,
        /// Ids or handles of ours there: what they posted is our own.
        #[arg(long)]
        own: Vec<String>,
        /// The account the posts would have come in by.
        #[arg(long, default_value = "read")]
        account: String,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// `redress act …`
#[derive(Debug, Args)]
pub struct Act {
    /// The complaint: its reference or its id.
    pub complaint: String,
    /// Who does it: an opaque id of a member of staff, never a name.
    #[arg(long = "as", value_name = "HANDLER")]
    pub handler: HandlerId,
    /// What is done.
    #[command(subcommand)]
    pub deed: Deed,
}

/// What a handler does.
#[derive(Debug, Subcommand)]
pub enum Deed {
    /// Take it on.
    Accept,
    /// Say what it is; what is not named stays as it is.
    Classify {
        /// Complaint, enquiry, …
        #[arg(long, value_parser = words::disposition)]
        disposition: Option<Disposition>,
        /// Primary category.
        #[arg(long)]
        category: Option<String>,
        /// Product.
        #[arg(long)]
        product: Option<String>,
        /// S1 (harm) to S4 (minor).
        #[arg(long, value_parser = words::severity)]
        severity: Option<Severity>,
        /// Whose law it falls under, as policies name it: GB, DE, …
        #[arg(long)]
        jurisdiction: Option<String>,
        /// What the party needs, as policies name it; may be repeated.
        #[arg(long = "need", value_name = "NEED")]
        needs: Vec<String>,
    },
    /// Give it to a team, or to one of its members.
    Assign {
        /// The team.
        team: TeamId,
        /// The member.
        #[arg(long)]
        to: Option<HandlerId>,
    },
    /// Write a note.
    Note {
        /// The words; `-` reads them from standard input.
        text: Text,
    },
    /// Let it wait for somebody.
    Hold {
        /// For whom.
        #[arg(value_parser = words::hold)]
        hold: Hold,
        /// Why; `-` reads standard input.
        text: Option<Text>,
    },
    /// Let it wait no longer, and let go what was kept back.
    Release,
    /// Put a deadline off, as its policy allows; the complainant is told first where it asks for that.
    Extend {
        /// The milestone: `final_response`, …
        milestone: MilestoneId,
        /// Why it takes longer; the complainant reads it. `-` reads standard input.
        text: Option<Text>,
        /// The clock; else every clock that owes the milestone and may put it off.
        #[arg(long)]
        clock: Option<ClockId>,
    },
    /// Say that what a milestone asks for is done, where nothing else shows it.
    Done {
        /// The milestone.
        milestone: MilestoneId,
    },
    /// Say that you look after what was escalated: those above you need not be told.
    Acknowledge {
        /// The milestone; else every one that waits for it.
        #[arg(long)]
        milestone: Option<MilestoneId>,
        /// The clock; else every clock that owes it.
        #[arg(long)]
        clock: Option<ClockId>,
    },
    /// Decide it.
    Decide {
        /// How: `upheld`, `partly_upheld`, `not_upheld` or `resolved`.
        #[arg(value_parser = words::outcome)]
        outcome: Outcome,
        /// What the complainant gets: refund, apology, none, …
        #[arg(long)]
        remedy: String,
        /// Why; the complainant reads it. `-` reads standard input.
        #[arg(long)]
        reasons: Text,
    },
    /// Close it.
    Close {
        /// Why.
        #[arg(value_parser = words::close_reason)]
        reason: CloseReason,
    },
    /// Open it again.
    Reopen {
        /// Why, in a word: `dissatisfied`, `new_facts`, `mistake`.
        reason: String,
        /// The contact that gave cause.
        #[arg(long)]
        contact: Option<ContactId>,
    },
}

/// `redress events …`
#[derive(Debug, Args)]
pub struct Events {
    /// Where to begin: beginning, now, or a time (2026-03-01T00:00:00Z). Without it: now with --follow, else beginning.
    #[arg(long, value_name = "WHEN", value_parser = words::from)]
    pub from: Option<From>,
    /// Only events of these types: the last word of the type, such as Escalated.
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Go on with what happens later, until stopped.
    #[arg(long)]
    pub follow: bool,
}

/// Where a reader of events begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At the first event that ever happened.
    Beginning,
    /// With what happens next.
    Now,
    /// With what was recorded at this time or later.
    Time(jiff::Timestamp),
}

/// `redress dead …`
#[derive(Debug, Subcommand)]
pub enum Dead {
    /// List them.
    List,
    /// Show one.
    Show {
        /// Its number in the list.
        number: u64,
    },
    /// Have its service handle it again.
    Replay {
        /// Their numbers in the list.
        #[arg(required = true)]
        numbers: Vec<u64>,
    },
    /// Drop them; the messages they name stay where they are, unhandled.
    Drop {
        /// Their numbers in the list.
        #[arg(required = true)]
        numbers: Vec<u64>,
    },
}

/// `redress verify …`
#[derive(Debug, Args)]
pub struct Verify {
    /// Compare with the heads in this file, then write the present ones there.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Write every commit to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
}

/// `redress backup …`
#[derive(Debug, Args)]
pub struct Backup {
    /// The folder to make.
    pub folder: PathBuf,
    /// Copy the keys too, into this new file (mode 0600).
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
}

/// `redress restore …`
#[derive(Debug, Args)]
pub struct Restore {
    /// The folder of the backup.
    pub folder: PathBuf,
    /// Put the keys of this file back where they are missing.
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// When the lost broker took its last message; now when left out.
    #[arg(long, value_name = "TIME", conflicts_with = "send_again")]
    pub stopped_at: Option<jiff::Timestamp>,
    /// Send what may have been sent before the broker was lost.
    #[arg(long)]
    pub send_again: bool,
    /// Only see whether the backup is whole.
    #[arg(long)]
    pub check: bool,
}

/// `redress erase …`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whose").required(true).args(["party", "reference"])))]
pub struct Erase {
    /// An email address, a telephone number, or a platform and an id (`mastodon:ann@social.example`): everything from and to
    /// this person.
    #[arg(long, value_name = "ADDRESS")]
    pub party: Option<String>,
    /// A complaint, by its reference or id: everything of it, whoever wrote it.
    #[arg(long, value_name = "COMPLAINT")]
    pub reference: Option<String>,
    /// Only say what would be erased.
    #[arg(long)]
    pub dry_run: bool,
}

/// `redress staff …`
#[derive(Debug, Subcommand)]
pub enum Staff {
    /// Make the hash of a password, for the settings of a clerk's account.
    #[command(after_help = "\
Asks for the password twice, or reads one line where nobody sits at a terminal. Prints an argon2id
hash; put it into `password_hash`, or into a file that `password_hash_file` names. A new hash ends
every session of the account, once the service runs with it.
Example:
  redress staff hash-password > /etc/redress/ina.hash")]
    HashPassword,
}

/// `redress keys …`
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make the keys that are not there. The identity key never changes afterwards: back it up.
    Init,
    /// Draw a key for a system that uses the API; it is shown this once and kept nowhere.
    #[command(after_help = "\
Give the key to the system, which sends it as `Authorization: Bearer <key>`, and put the lines below it
into the settings. To change a key, put the second hash beside the first until the system uses it.")]
    Api {
        /// The account of what the system sends, such as `crm`.
        client: String,
    },
    /// Seal with new keys from now on, and wrap every data key for them.
    #[command(after_help = "\
Works while everything runs, and goes on where it was broken off. Afterwards the old private key
lies in sealing.key.retired: what was erased can be read with it, from old copies of the broker's
files. So destroy it, once every process that seals has the new public key (those on other machines
need the file) and `redress doctor` finds nothing wrapped for the old pair; or at once, with
--destroy-old.")]
    Rotate {
        /// Keep no copy of the old private keys.
        #[arg(long)]
        destroy_old: bool,
    },
}
