//! Links in pages lead somewhere.

use std::path::Path;

use crate::files::{File, root, with_extension};
use crate::none_of;

#[test]
fn every_relative_link_in_a_page_leads_to_a_file() {
    let wrong: Vec<_> = with_extension("md").iter().flat_map(broken).collect();
    none_of(&wrong, "links that lead nowhere");
}

#[test]
fn decisions_are_numbered_in_order_and_say_what_they_cost() {
    let adrs: Vec<_> =
        with_extension("md").into_iter().filter(|file| file.path.starts_with("docs/adr/")).collect();
    assert!(!adrs.is_empty(), "no decision is written down in docs/adr");
    let mut wrong = Vec::new();
    for (index, file) in adrs.iter().enumerate() {
        if !file.path.starts_with(&format!("docs/adr/{:04}-", index + 1)) {
            wrong.push(format!("{} is not number {:04}", file.path, index + 1));
        }
        let text = file.text();
        let parts = ["## Context", "## Decision", "## Why", "## What it costs", "## When to look again"];
        wrong.extend(
            parts.iter().filter(|it| !text.contains(**it)).map(|it| format!("{} lacks {it}", file.path)),
        );
    }
    none_of(&wrong, "decisions out of form");
}

fn broken(page: &File) -> Vec<String> {
    let folder = Path::new(&page.path).parent().unwrap().to_owned();
    let text = page.text();
    let mut prose = true;
    let mut wrong = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            prose = !prose;
        }
        for link in line.split("](").skip(1).filter(|_| prose) {
            let target = link.split([')', '#', ' ']).next().unwrap();
            let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !root().join(&folder).join(target).exists() {
                wrong.push(format!("{}:{}: {target}", page.path, index + 1));
            }
        }
    }
    wrong
}
