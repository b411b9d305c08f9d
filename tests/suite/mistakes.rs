//! Goal: whoever writes a scenario file wrong is told where and what to do, and nothing else happens. Method: wrong files go
//! through the real command in process; exit code, both streams and the output directory are looked at.

use std::fs;
use std::path::Path;

use gridlock_tests::command::{Said, gridlock};

const GOOD: &str = r#"title = "Mine"
summary = "A chain of two."
duration = "5s"

[world.chain]
services = ["a", "b"]

[[workload]]
class = "requests"
arrivals = { poisson = 10 }

[[fault]]
at = "1s"
for = "1s"
inject = { pause = { node = "b" } }
"#;

/// Runs a file with `--out`; asserts what all refusals have in common.
fn refused(content: &[u8]) -> Said {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("mine.toml");
    fs::write(&file, content).expect("the file is written");
    refused_path(&file, &dir.path().join("out"))
}

fn refused_path(file: &Path, out: &Path) -> Said {
    let said = gridlock(["run".as_ref(), file.as_os_str(), "--out".as_ref(), out.as_os_str()]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert_eq!(said.out, "", "nothing on stdout");
    assert!(!out.exists(), "something was written");
    assert!(said.err.contains("help: "), "no advice:\n{}", said.err);
    assert!(!said.err.contains("panicked") && !said.err.contains('\x1b'), "{}", said.err);
    said
}

/// The good file with one text replaced is refused at a place, with a message and advice.
fn mistake(right: &str, wrong: &str, place: (usize, usize), words: &[&str]) {
    assert!(GOOD.contains(right));
    let said = refused(GOOD.replacen(right, wrong, 1).as_bytes());
    let place = format!("mine.toml:{}:{}", place.0, place.1);
    for word in words.iter().copied().chain([place.as_str(), "here"]) {
        assert!(said.err.contains(word), "`{word}` is not in\n{}", said.err);
    }
}

#[test]
fn the_file_that_the_mistakes_are_made_in_is_right() {
    let dir = tempfile::tempdir().expect("a directory");
    let (file, out) = (dir.path().join("mine.toml"), dir.path().join("out"));
    fs::write(&file, GOOD).expect("the file is written");
    let said = gridlock(["run".as_ref(), file.as_os_str(), "--out".as_ref(), out.as_os_str()]);
    assert_eq!(said.code, 0, "{}", said.err);
    let mut names: Vec<_> =
        fs::read_dir(&out).expect("a directory").map(|e| e.expect("an entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["mine.base.trace.jsonl", "mine.json", "mine.svg"]);
}

#[test]
fn a_misspelt_key_is_pointed_at() {
    mistake("arrivals", "arivals", (10, 1), &["arivals", "did you mean `arrivals`?"]);
    mistake("duration", "durration", (3, 1), &["durration", "did you mean `duration`?"]);
}

#[test]
fn an_unknown_node_is_pointed_at() {
    mistake("node = \"b\"", "node = \"bb\"", (15, 29), &["bb", "did you mean `b`?"]);
}

#[test]
fn a_fault_after_the_end_is_pointed_at() {
    mistake("at = \"1s\"", "at = \"9s\"", (13, 6), &["9 s", "5 s"]);
}

#[test]
fn an_end_before_its_start_is_pointed_at() {
    mistake("for = \"1s\"", "for = \"-1s\"", (14, 7), &["`-1s` is negative"]);
    let steps = "steps = [{ at = \"3s\", rate = 1 }, { at = \"2s\", rate = 1 }]";
    mistake("poisson = 10", steps, (10, 55), &["2 s", "3 s"]);
}

#[test]
fn impossible_rates_are_pointed_at() {
    mistake("poisson = 10", "poisson = -3", (10, 24), &["the rate -3 is negative", "rates start at 0"]);
    mistake("poisson = 10", "poisson = 100000000", (10, 24), &["above 100000 per second"]);
    mistake("poisson = 10", "poisson = 1e300", (10, 24), &["per second"]);
    mistake("poisson = 10", "poisson = nan", (10, 24), &["rate"]);
}

#[test]
fn impossible_policies_are_pointed_at() {
    let policy = |text: &str| format!("services = [\"a\", \"b\"]\n{text}");
    let client = |text: &str| policy(&format!("each.client.adaptive_throttling = {{ {text} }}"));
    mistake("services = [\"a\", \"b\"]", &client("window = \"10ms\""), (7, 46), &["between 1 s and 3600 s"]);
    let below = client("multiplier_percent = 50");
    mistake("services = [\"a\", \"b\"]", &below, (7, 58), &["between 100 and 10000", "200 is usual"]);
    let misspelt = client("multiplier_percnt = 200");
    mistake("services = [\"a\", \"b\"]", &misspelt, (7, 37), &["did you mean `multiplier_percent`?"]);
    let closed = policy("last.server.window = \"0 B\"");
    mistake("services = [\"a\", \"b\"]", &closed, (7, 22), &["between 1 B and 2147483647 B"]);
    mistake("services = [\"a\", \"b\"]", &policy("request = \"2 MiB\""), (7, 11), &["at most 1 MiB"]);
}

#[test]
fn an_empty_file_is_told_what_it_needs() {
    let said = refused(b"");
    assert!(said.err.contains("mine.toml:1:1: the scenario is empty") && said.err.contains("`title`"), "{}", said.err);
}

#[test]
fn binary_junk_is_no_scenario() {
    let junk: Vec<u8> = (0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for content in [&junk[..], b"\0\0\0\0", b"\xff\xfe", b"\x7fELF\x02\x01\x01\0"] {
        let said = refused(content);
        assert!(said.err.contains("mine.toml:"), "{}", said.err);
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused_or_played_but_never_a_panic() {
    for end in (0..GOOD.len()).step_by(7) {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("mine.toml");
        fs::write(&file, &GOOD[..end]).expect("the file is written");
        let said = gridlock(["run".as_ref(), file.as_os_str()]);
        assert!(said.code == 0 || said.code == 2 && said.out.is_empty(), "cut at {end}: {said:?}");
    }
}

#[test]
fn a_directory_and_a_missing_file_are_no_scenarios() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = dir.path().join("out");
    let said = refused_path(dir.path(), &out);
    assert!(said.err.contains("this is a directory"), "{}", said.err);
    let said = refused_path(&dir.path().join("none.toml"), &out);
    assert!(said.err.contains("there is no such file"), "{}", said.err);
}

#[test]
fn a_wrong_override_is_pointed_at() {
    let said = gridlock(["run", "cascade", "--set", "world.shop.gatewy.slots.size=3"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("--set:1:") && said.err.contains("did you mean `gateway`?"), "{}", said.err);
}
