//! Files shown to clamd while they are stored. Whatever comes of it, the file is stored and its sender hears nothing of it:
//! a scanner that answers strangers teaches them what gets past it.

use redress_contract::ScanState;
use redress_intake::{FileError, Files, StoredFile};
use tokio::sync::mpsc;
use tokio_util::io::StreamReader;
use tokio_util::sync::PollSender;
use tracing::warn;

use super::App;
use super::upload::Content;
use crate::clamd::{Clamd, Patience, Trouble, Verdict};

/// How many pieces of a file clamd may be behind the store.
const PIECES_BEHIND_MAX: usize = 4;

/// What an attachment says of a scan: its state and what was found.
pub(super) type Looked = (ScanState, String);

/// How long clamd may keep a submission waiting; no time where there is none.
pub(super) fn patience(app: &App) -> Option<Patience> {
    app.config.clamd.as_ref().map(Clamd::patience)
}

/// Stores a file while clamd, if there is one, looks at it.
pub(super) async fn store(
    app: &App,
    files: &mut Files,
    content: &mut Content<'_, '_>,
    patience: Option<&mut Patience>,
) -> Result<(StoredFile, Looked), FileError> {
    let (Some(clamd), Some(patience)) = (&app.config.clamd, patience) else {
        return Ok((files.put(StreamReader::new(content)).await?, Looked::default()));
    };
    let (sender, chunks) = mpsc::channel(PIECES_BEHIND_MAX);
    content.tap = Some(PollSender::new(sender));
    // A file that is not stored is not looked at to its end.
    let (stored, looked) = tokio::try_join!(files.put(StreamReader::new(content)), async {
        Ok(clamd.scan(chunks, patience).await)
    })?;
    Ok((stored, note(app, looked)))
}

/// Counts an outcome, says how clamd is, and what the attachment is to say.
fn note(app: &App, looked: Result<Verdict, Trouble>) -> Looked {
    if let Some(health) = &app.clamd_health {
        match &looked {
            Ok(_) | Err(Trouble::InPart(_)) => health.ready(),
            Err(trouble) => health.degraded(format!("the last file was not scanned: {trouble}")),
        }
    }
    let (state, finding) = match looked {
        Ok(Verdict::Clean) => (ScanState::Scanned, String::new()),
        Ok(Verdict::Infected(signature)) => {
            warn!("A file holds {signature}: it is kept out of reach");
            (ScanState::Infected, signature)
        }
        Err(trouble) => {
            warn!("Could not scan a file: {trouble}");
            (ScanState::Unscanned, trouble.to_string())
        }
    };
    metrics::counter!("redress_web_scans_total", "outcome" => state.token()).increment(1);
    (state, finding)
}
