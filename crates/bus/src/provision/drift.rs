//! How what is there differs from what must be, and which of it may be changed at any time. Pure.

use std::fmt::Debug;

use async_nats::jetstream::consumer::{self, AckPolicy, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType};

use super::Difference;

const SUBJECTS: &str = "messages would be left out or taken in that belong elsewhere";
const FIXED: &str =
    "the broker cannot change it; move the data to a new broker: redress backup, redress restore";
const COPIES: &str =
    "fewer copies are less safe; if you mean it: nats stream edit; else correct bus.replicas";
const GUARD: &str = "messages that are there could be deleted by the change";
const POSITION: &str = "messages would be left out or handled twice";

/// The setting that says how much of the store a stream may take.
pub(super) const SHARE: &str = "max_bytes";

pub(super) fn of_stream(wanted: &Config, there: &Config, bytes_used: u64) -> Vec<Difference> {
    let mut found = Found::default();
    let sorted = |config: &Config| {
        let mut subjects = config.subjects.clone();
        subjects.sort();
        subjects
    };
    let is_async = |config: &Config| config.persist_mode == Some(PersistenceMode::Async);
    let in_files = |config: &Config| config.storage == StorageType::File;
    let by_limits = |config: &Config| config.retention == RetentionPolicy::Limits;
    let refuses = |config: &Config| config.discard == DiscardPolicy::New;
    let per_subject = |config: &Config| config.max_messages_per_subject.max(0);
    let (wants, takes) = (sorted(wanted), sorted(there));
    if takes.iter().all(|subject| wants.contains(subject)) {
        // A later release may put more into a stream: what is there stays, and nothing was published there before.
        found.changed("subjects", &wants, &takes);
    } else {
        found.refused("subjects", SUBJECTS, &wants, &takes);
    }
    found.refused("storage in files", FIXED, &in_files(wanted), &in_files(there));
    found.refused("retention by limits", FIXED, &by_limits(wanted), &by_limits(there));
    found.refused("persist_mode async", FIXED, &is_async(wanted), &is_async(there));
    found.refused("max_msgs_per_subject", GUARD, &per_subject(wanted), &per_subject(there));
    found.refused(
        "allow_msg_schedules",
        FIXED,
        &wanted.allow_message_schedules,
        &there.allow_message_schedules,
    );
    if there.num_replicas > wanted.num_replicas {
        found.refused("num_replicas", COPIES, &wanted.num_replicas, &there.num_replicas);
    }
    if there.num_replicas < wanted.num_replicas {
        found.changed("num_replicas", &wanted.num_replicas, &there.num_replicas);
    }
    found.changed("max_age", &wanted.max_age, &there.max_age);
    found.changed("discard new", &refuses(wanted), &refuses(there));
    found.changed("discard_new_per_subject", &wanted.discard_new_per_subject, &there.discard_new_per_subject);
    found.changed("allow_direct", &wanted.allow_direct, &there.allow_direct);
    found.changed("allow_rollup_hdrs", &wanted.allow_rollup, &there.allow_rollup);
    // Once denied, the broker never allows it again: stricter than must be is no harm.
    found.changed("deny_delete", &(wanted.deny_delete || there.deny_delete), &there.deny_delete);
    found.changed("deny_purge", &(wanted.deny_purge || there.deny_purge), &there.deny_purge);
    limits(&mut found, wanted, there, bytes_used);
    found.0
}

/// A limit below what is stored already would not free anything, only refuse: then the old one stays.
fn limits(found: &mut Found, wanted: &Config, there: &Config, bytes_used: u64) {
    let fits = u64::try_from(wanted.max_bytes).is_ok_and(|max| max > bytes_used);
    if wanted.max_bytes <= 0 || fits || there.max_bytes <= 0 {
        found.changed(SHARE, &wanted.max_bytes.max(0), &there.max_bytes.max(0));
    }
}

pub(super) fn of_consumer(wanted: &pull::Config, there: &consumer::Config) -> Vec<Difference> {
    let mut found = Found::default();
    let filters = |many: &[String], one: &String| {
        let mut all = many.to_vec();
        all.extend((!one.is_empty()).then(|| one.clone()));
        all.sort();
        all
    };
    let wanted_filters = filters(&wanted.filter_subjects, &wanted.filter_subject);
    let there_filters = filters(&there.filter_subjects, &there.filter_subject);
    let explicit = |policy: AckPolicy| policy == AckPolicy::Explicit;
    found.refused("filter_subjects", POSITION, &wanted_filters, &there_filters);
    found.refused(
        "explicit acknowledgement",
        FIXED,
        &explicit(wanted.ack_policy),
        &explicit(there.ack_policy),
    );
    found.changed("max_deliver", &wanted.max_deliver, &there.max_deliver);
    found.changed("ack_wait", &wanted.ack_wait, &there.ack_wait);
    found.changed("max_ack_pending", &wanted.max_ack_pending, &there.max_ack_pending);
    found.0
}

#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn changed<T: PartialEq + Debug>(&mut self, setting: &'static str, wanted: &T, there: &T) {
        self.note(setting, None, wanted, there);
    }

    fn refused<T: PartialEq + Debug>(
        &mut self,
        setting: &'static str,
        why: &'static str,
        wanted: &T,
        there: &T,
    ) {
        self.note(setting, Some(why), wanted, there);
    }

    fn note<T: PartialEq + Debug>(
        &mut self,
        setting: &'static str,
        refused: Option<&'static str>,
        wanted: &T,
        there: &T,
    ) {
        if wanted != there {
            let (is, must_be) = (format!("{there:?}"), format!("{wanted:?}"));
            self.0.push(Difference { setting, is, must_be, refused });
        }
    }
}
