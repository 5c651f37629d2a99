//! Rungs in the cached state: numbers instead of words. In words they were half of every commit, and the cache is
//! read by nobody but this version of this crate.
//!
//! A rung is `[seconds since 1970, nanoseconds, percent, [place of each recipient in Recipient::ALL]]`.

use jiff::Timestamp;
use redress_contract::Recipient;
use redress_contract::event::Rung;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

type Short = (i64, i32, u32, Vec<usize>);

pub(super) fn serialize<S: Serializer>(rungs: &[Rung], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(rungs.iter().map(shorten))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Rung>, D::Error> {
    let short: Vec<Short> = Vec::deserialize(from)?;
    let rungs: Result<_, jiff::Error> = short.into_iter().map(lengthen).collect();
    rungs.map_err(D::Error::custom)
}

fn shorten(rung: &Rung) -> Short {
    let place = |told: &Recipient| Recipient::ALL.iter().position(|known| known == told);
    let told = rung.recipients.iter().map(|told| place(told).unwrap_or(Recipient::ALL.len())).collect();
    (rung.at.as_second(), rung.at.subsec_nanosecond(), rung.percent, told)
}

fn lengthen((seconds, nanoseconds, percent, told): Short) -> Result<Rung, jiff::Error> {
    let recipient = |place: usize| Recipient::ALL.get(place).copied().unwrap_or_default();
    Ok(Rung {
        at: Timestamp::new(seconds, nanoseconds)?,
        percent,
        recipients: told.into_iter().map(recipient).collect(),
    })
}
