//! The choreography of `sla` over the model: timers set and cancelled, timers that fire, and the sweep.

use std::rc::Rc;

use jiff::SignedDuration;
use redress_contract::{Actor, ComplaintId, TimerDue, subject};
use redress_domain::Complaint;
use redress_sla::Agenda;
use redress_sla::plan::{self, Fired, Slot, Step};

use crate::service::{Again, Failed, Service};
use crate::world::Logged;

/// How often somebody may come in between while timers are set.
const ROUNDS_MAX: u32 = 10;

/// Sets and cancels what one commit touched.
pub(crate) async fn follow(service: Service, logged: Rc<Logged>) -> Result<(), Again> {
    let slots = plan::touched(&logged.commit.events, &logged.loaded.complaint);
    settle(&service, (logged.loaded.complaint.clone(), logged.loaded.stream_seq), &slots).await
}

async fn settle(service: &Service, known: (Complaint, u64), slots: &[Slot]) -> Result<(), Again> {
    let (mut complaint, mut stream_seq) = known;
    for _ in 0..ROUNDS_MAX {
        let steps = plan::steps(&complaint, slots);
        if steps.is_empty() {
            return Ok(());
        }
        for step in steps {
            perform(service, &complaint.id, step).await?;
        }
        let newer = service.read(|world| world.newest(&complaint.id)).await;
        let Some(newer) = newer.filter(|newer| newer.stream_seq > stream_seq) else { return Ok(()) };
        (complaint, stream_seq) = (newer.complaint, newer.stream_seq);
    }
    Ok(())
}

async fn perform(service: &Service, complaint: &ComplaintId, step: Step) -> Result<(), Again> {
    match step {
        Step::Set(timer) => {
            let set = |world: &mut crate::world::World| {
                if !world.trouble(|trouble| trouble.lost_timers) {
                    world.timers.insert(place(&timer), timer.clone());
                }
            };
            service.effect(set).await
        }
        Step::Cancel(slot) => {
            let place = subject::timer_set(complaint, &slot.clock, &slot.milestone);
            service.effect(|world| world.timers.remove(&place)).await.map(drop)
        }
    }
}

/// The broker delivered a timer.
pub(crate) async fn due(service: Service, timer: TimerDue) -> Result<(), Again> {
    match plan::fired(&timer, service.now()) {
        Fired::Now => fire(&service, &timer).await.map(drop),
        Fired::Early(early) => Err(Again::After(early)),
        Fired::LeftToSweep(_) => Ok(()),
    }
}

async fn fire(service: &Service, timer: &TimerDue) -> Result<Option<Complaint>, Again> {
    let command = plan::fire(timer);
    match service.execute(&timer.complaint_id, &command, Actor::service("sla"), &place(timer)).await {
        Ok(complaint) => Ok(Some(complaint)),
        Err(Failed::Refused(refusal)) => {
            service.world().wrong(format!("a timer was refused: {refusal}"));
            Ok(None)
        }
        Err(Failed::Again(again)) => Err(again),
    }
}

/// One sweep over everything: fires what is overdue, sets what the broker does not hold.
pub(crate) async fn sweep(service: Service) -> Result<(), Again> {
    let mut agenda = Agenda::default();
    for logged in service.read(|world| world.newest_commits()).await {
        agenda.note(&logged.loaded.complaint, logged.stored_at);
    }
    let now = service.now();
    for timer in agenda.overdue(now) {
        if let Some(complaint) = fire(&service, &timer).await? {
            agenda.note(&complaint, now);
        }
    }
    let settled_before = now.saturating_sub(SignedDuration::from_secs(10)).unwrap_or(now);
    let upcoming: Vec<TimerDue> = agenda.upcoming(now, jiff::Timestamp::MAX, settled_before).collect();
    for timer in upcoming {
        let held = service.read(|world| world.timers.get(&place(&timer)).cloned()).await;
        if held.as_ref() == Some(&timer) {
            continue;
        }
        let Some(newest) = service.read(|world| world.newest(&timer.complaint_id)).await else { continue };
        let slots = [Slot { clock: timer.clock.clone(), milestone: timer.milestone.clone() }];
        if plan::steps(&newest.complaint, &slots) == [Step::Set(timer)] {
            settle(&service, (newest.complaint, newest.stream_seq), &slots).await?;
        }
    }
    Ok(())
}

fn place(timer: &TimerDue) -> String {
    subject::timer_set(&timer.complaint_id, &timer.clock, &timer.milestone)
}
