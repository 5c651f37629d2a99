//! Deadlines that change: their time stands still or goes on, they are put off, or follow a newer policy.
//!
//! Each new due time is computed anew from the complaint's history, never from a remainder. What was due before stays
//! due: a deadline that passed is neither paused nor put off, unless the notice went out in time and was noted late.

use jiff::Timestamp;
use redress_contract::event::{DeadlineChanged, ExtensionGranted, ExtensionRequested};
use redress_contract::{ClockId, CommunicationId, ContentId, Event, HandlerId, Hold, MilestoneId, PolicyId};

use super::clocks::Done;
use super::{Case, Decision, must_be_given};
use crate::command::Extend;
use crate::complaint::{Clock, HoldPeriod, Milestone};
use crate::rules::{Extension, MetBy, Policy, PolicyMilestone, Timing};
use crate::{Complaint, Refusal};

const PAUSED: &str = "paused";
const RESUMED: &str = "resumed";
const EXTENDED: &str = "extended";
const REPINNED: &str = "repinned";

/// A milestone that is owed, with what its policy says of it.
#[derive(Clone, Copy)]
struct Owed<'a> {
    clock: &'a Clock,
    milestone: &'a Milestone,
    policy: &'a Policy,
    known: &'a PolicyMilestone,
}

impl Case<'_> {
    fn owed(&self) -> Vec<Owed<'_>> {
        let mut owed = Vec::new();
        for clock in self.complaint.running_clocks() {
            let Some(policy) = self.rules.policy_of(clock) else { continue };
            let unmet = clock.milestones.iter().filter(|milestone| milestone.met_at.is_none());
            owed.extend(unmet.filter_map(|milestone| {
                Some(Owed { clock, milestone, policy, known: policy.milestone(&milestone.id)? })
            }));
        }
        owed
    }

    /// Time stands still, or goes on, where the policy says so of this hold.
    pub(super) fn change_pauses(&self, hold: Hold, events: &mut Vec<Event>) {
        let after = self.complaint.holding(hold, self.now);
        for owed in self.owed() {
            let stands = owed.known.pause_on.contains(&hold);
            let is_behind = !owed.milestone.paused && owed.milestone.due_at <= self.now;
            match (owed.milestone.paused, stands) {
                (false, true) if !is_behind => events.push(owed.paused()),
                (true, false) => {
                    let timing = Timing::of(&after, owed.milestone, owed.known, self.now);
                    events.push(owed.changed(RESUMED, owed.policy, &timing));
                }
                _ => {}
            }
        }
    }

    /// What begins while the complaint waits stands still at once, where its policy says so.
    pub(super) fn pause_what_begins(&self, events: &mut Vec<Event>) {
        let hold = self.complaint.hold;
        let ends = |event: &Event| matches!(event, Event::Closed(_) | Event::Released(_) | Event::Held(_));
        if hold.is_unspecified() || events.iter().any(ends) {
            return;
        }
        let mut paused = Vec::new();
        for event in events.iter() {
            let begun = match event {
                Event::MilestoneSet(e) => Some((&e.clock, &e.milestone, e.generation, e.due_at)),
                Event::MilestoneReopened(e) => Some((&e.clock, &e.milestone, e.generation, e.due_at)),
                // One that had passed, and was put off by a notice that is noted only now.
                Event::DeadlineChanged(e) => e.due_at.map(|due| (&e.clock, &e.milestone, e.generation, due)),
                _ => None,
            };
            let Some((clock, milestone, generation, due_at)) = begun else { continue };
            if due_at > self.now && self.stands_still((clock, milestone), hold, events) {
                paused.push(stands((clock, milestone), generation));
            }
        }
        events.extend(paused);
    }

    fn stands_still(
        &self,
        (clock, milestone): (&ClockId, &MilestoneId),
        hold: Hold,
        events: &[Event],
    ) -> bool {
        let is_it = |c: &ClockId, m: &MilestoneId| c == clock && m == milestone;
        let is_met = |event: &Event| matches!(event, Event::MilestoneMet(e) if is_it(&e.clock, &e.milestone));
        let started = events.iter().find_map(|event| match event {
            Event::ClockStarted(e) if e.clock == *clock => self.rules.policy(&e.policy),
            _ => None,
        });
        let running = || self.complaint.clock(clock).and_then(|clock| self.rules.policy_of(clock));
        let known = started.or_else(running).and_then(|policy| policy.milestone(milestone));
        // Owed again after it was met in the same breath it is owed still.
        let met_last = events.iter().rposition(is_met);
        let begun_last = events.iter().rposition(|event| match event {
            Event::MilestoneSet(e) => is_it(&e.clock, &e.milestone),
            Event::MilestoneReopened(e) => is_it(&e.clock, &e.milestone),
            Event::DeadlineChanged(e) => is_it(&e.clock, &e.milestone),
            _ => false,
        });
        begun_last > met_last && known.is_some_and(|known| known.pause_on.contains(&hold))
    }

    pub(super) fn extend(&self, wish: &Extend) -> Decision {
        must_be_given(wish.handler.as_str(), "the handler")?;
        let milestone = wish.milestone.clone();
        let named = |owed: &Owed<'_>| {
            owed.milestone.id == milestone && wish.clock.as_ref().is_none_or(|clock| owed.clock.id == *clock)
        };
        let owed: Vec<_> = self.owed().into_iter().filter(named).collect();
        if owed.is_empty() {
            return Err(Refusal::NotOwed { milestone });
        }
        let extendable = owed.iter().filter_map(|owed| Some((owed, owed.known.extension.as_ref()?)));
        let extendable: Vec<_> = extendable.collect();
        if extendable.is_empty() {
            return Err(Refusal::NotExtendable { milestone });
        }
        let mut events = Vec::new();
        for (owed, extension) in extendable.into_iter().filter(|(owed, _)| !owed.milestone.extended) {
            if owed.milestone.due_at <= self.now && !owed.milestone.paused {
                return Err(Refusal::DueBefore { milestone });
            }
            if !extension.notice {
                events.extend(self.granted(owed, None, &wish.handler));
                continue;
            }
            let content_id = wish.content_id.clone().filter(|id| !id.as_str().is_empty());
            let content_id = content_id.ok_or(Refusal::Missing { what: "what the complainant is told" })?;
            let known = owed.milestone.extension_requested.as_ref();
            if known.is_none_or(|known| known.content_id != content_id) {
                events.push(self.extension_requested(owed, content_id, &wish.handler));
            }
        }
        Ok(events)
    }

    /// A notice was taken for delivery: what it was for is put off, if that was in time and it states what it must.
    pub(super) fn put_off_by_notice(
        &self,
        (notice, at): (&CommunicationId, Timestamp),
        stated: &[String],
        events: &mut Vec<Event>,
    ) {
        for owed in self.owed() {
            let wish = owed.milestone.extension_requested.as_ref();
            let (Some(wish), Some(extension)) = (wish, &owed.known.extension) else { continue };
            let is_in_time = at <= owed.milestone.due_at || owed.milestone.paused;
            if is_in_time && is_stated(extension, stated) {
                events.extend(self.granted(&owed, Some(notice), &wish.handler));
            }
        }
    }

    fn extension_requested(&self, owed: &Owed<'_>, content_id: ContentId, handler: &HandlerId) -> Event {
        let timing = Timing::of(self.complaint, owed.milestone, owed.known, self.now);
        Event::from(ExtensionRequested {
            clock: owed.clock.id.clone(),
            milestone: owed.milestone.id.clone(),
            content_id,
            handler: handler.clone(),
            due_at: owed.policy.due_at(owed.known, &Timing { extended: true, ..timing }),
        })
    }

    fn granted(&self, owed: &Owed<'_>, notice: Option<&CommunicationId>, handler: &HandlerId) -> Vec<Event> {
        let granted = ExtensionGranted {
            clock: owed.clock.id.clone(),
            milestone: owed.milestone.id.clone(),
            communication_id: notice.cloned(),
            handler: handler.clone(),
        };
        let mut events = vec![granted.into()];
        if !owed.milestone.paused {
            let timing = Timing::of(self.complaint, owed.milestone, owed.known, self.now);
            events.push(owed.changed(EXTENDED, owed.policy, &Timing { extended: true, ..timing }));
        }
        events
    }

    pub(super) fn mark_done(&self, milestone: &MilestoneId, handler: &HandlerId) -> Decision {
        must_be_given(handler.as_str(), "the handler")?;
        let owing = || self.complaint.running_clocks().filter_map(|clock| clock.milestone(milestone));
        if owing().next().is_none() {
            return Err(Refusal::NotOwed { milestone: milestone.clone() });
        }
        if owing().all(|owed| owed.met_at.is_some()) {
            return Ok(Vec::new());
        }
        let done = Done { handler: Some(handler), ..Done::of(&[MetBy::MarkedDone], self.now) };
        let events = self.meet_only(milestone, &done);
        if events.is_empty() { Err(Refusal::NotByWord { milestone: milestone.clone() }) } else { Ok(events) }
    }

    /// Clocks of the policy that follow an older version of it: what is due at another time now. What is due already
    /// stays so.
    pub(super) fn repin(&self, policy: &PolicyId) -> Vec<Event> {
        let Some(in_force) = self.rules.policy(policy) else { return Vec::new() };
        let mut events = Vec::new();
        for owed in self.owed() {
            let is_older = owed.clock.policy == *policy && owed.clock.policy_version != in_force.version;
            let is_ahead = owed.milestone.due_at > self.now && !owed.milestone.paused;
            let Some(known) = in_force.milestone(&owed.milestone.id).filter(|_| is_older && is_ahead) else {
                continue;
            };
            let timing = Timing::of(self.complaint, owed.milestone, known, self.now);
            if in_force.due_at(known, &timing) != owed.milestone.due_at {
                let owed = Owed { known, ..owed };
                events.push(owed.changed(REPINNED, in_force, &timing));
            }
        }
        events
    }
}

fn is_stated(extension: &Extension, stated: &[String]) -> bool {
    extension.must_state.iter().all(|word| stated.contains(word))
}

fn stands((clock, milestone): (&ClockId, &MilestoneId), generation: u32) -> Event {
    Event::from(DeadlineChanged {
        clock: clock.clone(),
        milestone: milestone.clone(),
        reason: PAUSED.to_owned(),
        due_at: None,
        rungs: Vec::new(),
        generation: generation + 1,
        policy_version: String::new(),
    })
}

impl Owed<'_> {
    fn paused(&self) -> Event {
        stands((&self.clock.id, &self.milestone.id), self.milestone.generation)
    }

    fn changed(&self, reason: &str, policy: &Policy, timing: &Timing) -> Event {
        let (due_at, rungs) = policy.plan(self.known, timing);
        let is_new = policy.version != self.clock.policy_version && reason == REPINNED;
        Event::from(DeadlineChanged {
            clock: self.clock.id.clone(),
            milestone: self.milestone.id.clone(),
            reason: reason.to_owned(),
            due_at: Some(due_at),
            rungs,
            generation: self.milestone.generation + 1,
            policy_version: if is_new { policy.version.clone() } else { String::new() },
        })
    }
}

impl Complaint {
    /// This complaint as it will be once it waits for this, or for nobody.
    fn holding(&self, hold: Hold, now: Timestamp) -> Self {
        let mut after = self.clone();
        if let Some(last) = after.holds.last_mut().filter(|last| last.to.is_none()) {
            last.to = Some(now);
        }
        if !hold.is_unspecified() {
            after.holds.push(HoldPeriod { hold, from: now, to: None });
        }
        after
    }
}
