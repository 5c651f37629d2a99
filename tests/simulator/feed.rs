//! The feed's choreography over the model: find the end of EVENTS, go on right after it.

use crate::defect::Defect;
use crate::service::{Again, Service};
use crate::world::Conflict;

/// Publishes what was committed since, until there is nothing left or somebody else is faster.
pub(crate) async fn publish(service: Service) -> Result<(), Again> {
    let (mut end, position) = service.read(|world| world.published()).await;
    let from = usize::try_from(position.commit_seq.saturating_sub(1)).unwrap_or_default();
    let log = service.read(|world| world.log.iter().skip(from).cloned().collect::<Vec<_>>()).await;
    for logged in log {
        for (place, event) in logged.places().iter().copied().zip(&logged.commit.events) {
            if place <= position {
                continue;
            }
            let event = (place, logged.commit.event_id(event));
            let blind = service.has(Defect::BlindFeed);
            let published = service
                .effect(|world| {
                    let expected = if blind { world.events.len() as u64 } else { end };
                    world.publish(expected, event)
                })
                .await?;
            match published {
                Ok(after) => end = after,
                // Somebody else was faster; what is left is found at the next pass.
                Err(Conflict) => return Err(Again::Soon),
            }
        }
    }
    Ok(())
}
