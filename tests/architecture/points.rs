//! Fail points: every one in the sources is led to by the directed run (`soak points`), and the other way round.

use std::collections::BTreeSet;

use redress_tests::points::POINTS;

use crate::{files, none_of};

#[test]
fn every_fail_point_is_on_the_list_of_the_directed_run() {
    let listed: BTreeSet<String> = POINTS.iter().map(|point| point.name.to_owned()).collect();
    let declared: BTreeSet<String> = files::with_extension("rs")
        .iter()
        .filter(|file| file.path.starts_with("crates/") && file.path.contains("/src/"))
        .flat_map(|file| declared(&file.text()))
        .collect();
    let unlisted: Vec<_> = declared.difference(&listed).cloned().collect();
    none_of(&unlisted, "fail points that no directed run reaches (tests/stage/points.rs)");
    let dead: Vec<_> = listed.difference(&declared).cloned().collect();
    none_of(&dead, "fail points on the list that no source has");
}

fn declared(text: &str) -> Vec<String> {
    let calls = text.split("fault::point").skip(1);
    let names = calls.filter_map(|rest| rest.strip_prefix("_at").unwrap_or(rest).strip_prefix("(\""));
    names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}
