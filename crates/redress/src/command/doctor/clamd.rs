//! The clamd that looks into uploaded files.

use redress_web::clamd::{Clamd, Trouble};

use super::finding::{Finding, fail, ok, warn};
use crate::settings::Config;

const MEBIBYTE: usize = 1024 * 1024;

/// Nothing where none is named.
pub(super) async fn look(config: &Config) -> Option<Finding> {
    let clamd = config.web.clamd.as_ref()?;
    let version = match clamd.version().await {
        Ok(version) => version,
        Err(trouble) => return Some(away(clamd, &trouble)),
    };
    let bytes_max = config.web.file_bytes_max().max(config.staff.file_bytes_max());
    let mebibytes = bytes_max / MEBIBYTE;
    Some(match clamd.try_size(bytes_max).await {
        Ok(()) => ok("clamd", format!("{version} at {}, takes files of {mebibytes} MiB", clamd.address)),
        // It hangs up on what is too large, and what it says then may be lost on the way.
        Err(Trouble::TooLarge | Trouble::HungUp) => warn(
            "clamd",
            format!("{version} takes no files of {mebibytes} MiB, which the settings take"),
            format!(
                "set StreamMaxLength {mebibytes}M or more in clamd.conf and restart it; larger files stay unscanned"
            ),
        ),
        Err(Trouble::TooSlow) => warn(
            "clamd",
            format!(
                "{version} did not look into a file of {mebibytes} MiB within {} s",
                clamd.patience.as_secs()
            ),
            "give it more processors, or more time in [web.uploads] clamd_seconds",
        ),
        Err(trouble) => warn("clamd", format!("{version}: {trouble}"), "see the log of clamd"),
    })
}

fn away(clamd: &Clamd, trouble: &Trouble) -> Finding {
    fail(
        "clamd",
        format!("{}: {trouble}; until then files stay unscanned", clamd.address),
        "see that clamd runs and has signatures (freshclam), that [web.uploads] clamd names its LocalSocket or TCPAddr \
         and TCPSocket, and that this user may use the socket (group clamav)",
    )
}
