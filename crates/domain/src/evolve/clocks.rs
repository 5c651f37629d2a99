//! What events make of a complaint's clocks and milestones.

use redress_contract::event::{
    ClockStarted, ClockStopped, Escalated, MilestoneBreached, MilestoneMet, MilestoneReopened, MilestoneSet,
    WarningReached,
};
use redress_contract::{ClockId, MilestoneId};

use crate::complaint::{Clock, Complaint, Milestone};

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

fn reached(complaint: &mut Complaint, of: (&ClockId, &MilestoneId), generation: u32, rung: u32) {
    if let Some(milestone) = of_generation(complaint, of, generation) {
        milestone.rungs_reached = milestone.rungs_reached.max(rung);
    }
}

pub(super) fn reopened(complaint: &mut Complaint, e: &MilestoneReopened) {
    let Some(milestone) = milestone(complaint, &e.clock, &e.milestone) else { return };
    milestone.due_at = e.due_at;
    milestone.rungs.clone_from(&e.rungs);
    milestone.rungs_reached = 0;
    milestone.generation = e.generation;
    milestone.met_at = None;
    milestone.breached = false;
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
