//! What events make of a complaint's clocks and milestones.

use jiff::Timestamp;
use redress_contract::event::{
    ClockStarted, ClockStopped, DeadlineChanged, Escalated, EscalationAcknowledged, ExtensionGranted,
    ExtensionRequested, MilestoneBreached, MilestoneMet, MilestoneReopened, MilestoneSet, WarningReached,
};
use redress_contract::{ClockId, MilestoneId};

use crate::complaint::{Clock, Complaint, ExtensionWish, Milestone};

pub(super) fn started(e: &ClockStarted) -> Clock {
    Clock {
        id: e.clock.clone(),
        policy: e.policy.clone(),
        policy_version: e.policy_version.clone(),
        anchor_at: e.anchor_at,
        stopped: None,
        milestones: Vec::new(),
    }
}

pub(super) fn stopped(complaint: &mut Complaint, e: &ClockStopped) {
    if let Some(clock) = clock(complaint, &e.clock) {
        clock.stopped = Some(e.reason);
    }
}

pub(super) fn set(complaint: &mut Complaint, e: &MilestoneSet) {
    let Some(clock) = clock(complaint, &e.clock) else { return };
    let milestone = Milestone {
        id: e.milestone.clone(),
        due_at: e.due_at,
        first_due_at: e.due_at,
        anchor_at: e.anchor_at,
        generation: e.generation,
        rungs: e.rungs.clone(),
        rungs_reached: 0,
        met_at: None,
        breached: false,
        reopened_at: None,
        paused: false,
        extended: false,
        acknowledged_rung: 0,
        extension_requested: None,
    };
    match clock.milestones.iter_mut().find(|known| known.id == e.milestone) {
        Some(known) => *known = milestone,
        None => clock.milestones.push(milestone),
    }
}

pub(super) fn met(complaint: &mut Complaint, e: &MilestoneMet) {
    if let Some(milestone) = milestone(complaint, &e.clock, &e.milestone) {
        milestone.met_at = Some(e.met_at);
        milestone.breached |= e.late;
        milestone.paused = false;
    }
}

pub(super) fn breached(complaint: &mut Complaint, e: &MilestoneBreached) {
    if let Some(milestone) = of_generation(complaint, (&e.clock, &e.milestone), e.generation) {
        milestone.breached = true;
    }
}

pub(super) fn warned(complaint: &mut Complaint, e: &WarningReached) {
    reached(complaint, (&e.clock, &e.milestone), e.generation, e.rung);
}

pub(super) fn escalated(complaint: &mut Complaint, e: &Escalated) {
    reached(complaint, (&e.clock, &e.milestone), e.generation, e.rung);
}

pub(super) fn acknowledged(complaint: &mut Complaint, e: &EscalationAcknowledged) {
    if let Some(milestone) = of_generation(complaint, (&e.clock, &e.milestone), e.generation) {
        milestone.acknowledged_rung = milestone.acknowledged_rung.max(e.rung);
    }
}

fn reached(complaint: &mut Complaint, of: (&ClockId, &MilestoneId), generation: u32, rung: u32) {
    if let Some(milestone) = of_generation(complaint, of, generation) {
        milestone.rungs_reached = milestone.rungs_reached.max(rung);
    }
}

pub(super) fn reopened(complaint: &mut Complaint, at: Timestamp, e: &MilestoneReopened) {
    let Some(milestone) = milestone(complaint, &e.clock, &e.milestone) else { return };
    milestone.due_at = e.due_at;
    milestone.rungs.clone_from(&e.rungs);
    milestone.rungs_reached = 0;
    milestone.acknowledged_rung = 0;
    milestone.generation = e.generation;
    milestone.met_at = None;
    milestone.breached = false;
    milestone.paused = false;
    // Events of the first versions do not say since when.
    milestone.reopened_at = Some(if e.since == Timestamp::UNIX_EPOCH { at } else { e.since });
}

/// Rungs that were recorded stay so, but for those that lie ahead again.
pub(super) fn changed(complaint: &mut Complaint, at: Timestamp, e: &DeadlineChanged) {
    let Some(clock) = clock(complaint, &e.clock) else { return };
    if !e.policy_version.is_empty() {
        clock.policy_version.clone_from(&e.policy_version);
    }
    let Some(milestone) = clock.milestones.iter_mut().find(|known| known.id == e.milestone) else { return };
    milestone.paused = e.due_at.is_none();
    milestone.generation = e.generation;
    if let Some(due_at) = e.due_at {
        milestone.due_at = due_at;
        milestone.breached &= due_at <= at;
        let behind = e.rungs.iter().take_while(|rung| rung.at <= at).count();
        let behind = u32::try_from(behind).unwrap_or(u32::MAX);
        milestone.rungs_reached = milestone.rungs_reached.min(behind);
        let stands = if milestone.breached { milestone.rungs_reached } else { 0 };
        milestone.acknowledged_rung = milestone.acknowledged_rung.min(stands);
    }
    milestone.rungs.clone_from(&e.rungs);
}

pub(super) fn extension_requested(complaint: &mut Complaint, e: &ExtensionRequested) {
    if let Some(milestone) = milestone(complaint, &e.clock, &e.milestone) {
        milestone.extension_requested = Some(ExtensionWish {
            handler: e.handler.clone(),
            content_id: e.content_id.clone(),
            due_at: e.due_at,
        });
    }
}

pub(super) fn extended(complaint: &mut Complaint, e: &ExtensionGranted) {
    if let Some(milestone) = milestone(complaint, &e.clock, &e.milestone) {
        milestone.extended = true;
        milestone.extension_requested = None;
    }
}

fn clock<'a>(complaint: &'a mut Complaint, id: &ClockId) -> Option<&'a mut Clock> {
    complaint.clocks.iter_mut().find(|clock| clock.id == *id)
}

fn milestone<'a>(complaint: &'a mut Complaint, id: &ClockId, of: &MilestoneId) -> Option<&'a mut Milestone> {
    clock(complaint, id)?.milestones.iter_mut().find(|milestone| milestone.id == *of)
}

fn of_generation<'a>(
    complaint: &'a mut Complaint,
    (id, of): (&ClockId, &MilestoneId),
    generation: u32,
) -> Option<&'a mut Milestone> {
    milestone(complaint, id, of).filter(|milestone| milestone.generation == generation)
}
