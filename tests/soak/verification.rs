//! A row for each run on a page: date, commit, seed, parts, figures; so that anybody can run the same again.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use redress_runtime::Clock;
use redress_tests::results::Results;

const HEADING: &str = "## Runs of `make soak FORM=long`";
const TABLE: &str = "| date | commit | seed | parts | figures |\n|---|---|---|---|---|\n";

/// Adds a row below the page's heading for such runs, behind the rows that are there.
pub(crate) fn append(page: &Path, (seed, parts): (u64, &str), results: &Results) -> anyhow::Result<()> {
    let doing = || format!("write the run into {}", page.display());
    let text = std::fs::read_to_string(page).with_context(doing)?;
    let date = Clock::system().now().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let row = format!("| {date} | {} | {seed} | {parts} | {} |\n", commit(), results.told().join("; "));
    std::fs::write(page, with_row(&text, &row)).with_context(doing)
}

fn with_row(text: &str, row: &str) -> String {
    let Some((before, after)) = text.split_once(HEADING) else {
        return format!("{}\n\n{HEADING}\n\n{TABLE}{row}", text.trim_end());
    };
    // The table ends at its last row.
    let end = after
        .rfind("\n|")
        .map_or(after.len(), |at| after[at + 1..].find('\n').map_or(after.len(), |line| at + 1 + line + 1));
    format!("{before}{HEADING}{}{row}{}", &after[..end], &after[end..])
}

/// The commit that was run, marked when the work tree differs from it.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|it| it.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let head = git(&["rev-parse", "--short=10", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|it| !it.is_empty());
    if changed { format!("{head} and changes") } else { head }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_follow_one_another_below_their_heading() {
        let one = with_row("# Page\n\nText.\n", "| a |\n");
        let two = with_row(&one, "| b |\n");
        assert_eq!(two, format!("# Page\n\nText.\n\n{HEADING}\n\n{TABLE}| a |\n| b |\n"));
        let more = with_row(&format!("{two}\nMore text.\n"), "| c |\n");
        assert!(more.ends_with("| b |\n| c |\n\nMore text.\n"), "{more}");
    }
}
