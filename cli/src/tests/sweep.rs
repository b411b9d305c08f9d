//! Sweeps: what they leave in their directory, what survives an interruption, and that shards add up to the whole.
//!
//! Method: the fake lab is told to stop, to panic, or to tell two histories; then the files are compared byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use gridlock_scenarios::spec::Luck;

use super::{FakeLab, Said, say_with};
use crate::{Exit, Style};

const SOUND: &str = "sweep cascade --variant grpc --variant kafka";
const GRID: &str = "--seeds 0..6 --grid a.b=1,2 --grid c={x=1},7";

fn sweep(lab: &FakeLab, options: &str, dir: &Path) -> Said {
    say_with(lab, &format!("{SOUND} {options} --out {}", dir.display()), Style::default())
}

fn merge(dirs: &[&Path], out: &Path) -> Said {
    let dirs: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    let line = format!("merge {} --out {}", dirs.join(" "), out.display());
    say_with(&FakeLab::default(), &line, Style::default())
}

/// Names and bytes of everything in a directory.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

/// Like `assert_eq!`, without printing files.
fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let differ: Vec<&String> = one.keys().filter(|name| one[*name] != other[*name]).collect();
    assert!(differ.is_empty(), "these files differ: {differ:?}");
}

#[test]
fn a_sweep_says_what_it_adds_up_to() {
    let lab = FakeLab { lucky: vec![3, 17], ..FakeLab::default() };
    let said = say_with(&lab, &format!("{SOUND} --seeds 0..40"), Style::default());
    assert_eq!((said.exit, said.err.as_str()), (Exit::NotAsClaimed, ""));
    insta::assert_snapshot!(said.out);
    let json = say_with(&lab, &format!("{SOUND} --seeds 0..40 --format json"), Style::default());
    insta::assert_snapshot!("a_sweep_for_programs", json.out);
}

#[test]
fn what_the_scenario_says_of_luck_is_not_held_against_a_sweep() {
    let luck = |seeds| {
        let luck = Luck { seeds, of: 1000, because: "the fault is too short to be felt".into() };
        FakeLab { lucky: vec![3, 17], luck: [("grpc".to_owned(), luck)].into(), ..FakeLab::default() }
    };
    let sweep = |lab: &FakeLab, more: &str| say_with(lab, &format!("{SOUND} --seeds 0..40{more}"), Style::default());
    let said = sweep(&luck(20), "");
    assert_eq!(said.exit, Exit::AsClaimed);
    insta::assert_snapshot!(said.out);
    assert_eq!(sweep(&luck(1), "").exit, Exit::NotAsClaimed, "two of forty are more than one of a thousand");
    assert_eq!(sweep(&luck(20), " --grid a.b=1,2").exit, Exit::NotAsClaimed, "it speaks of the scenario as it is");
}

#[test]
fn a_grid_is_told_setting_by_setting() {
    let said = say_with(&FakeLab::default(), &format!("{SOUND} {GRID}"), Style::default());
    assert_eq!(said.exit, Exit::AsClaimed, "{}", said.err);
    insta::assert_snapshot!(said.out);
}

#[test]
fn the_files_have_a_schema_and_one_record_for_each_run() {
    let dir = tempfile::tempdir().unwrap();
    let said = sweep(&FakeLab::default(), GRID, dir.path());
    assert_eq!(said.exit, Exit::AsClaimed, "{}", said.err);
    let files = files(dir.path());
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["phase.svg", "results.csv", "results.jsonl", "summary.json", "sweep.json"]);
    let lines = String::from_utf8(files["results.jsonl"].clone()).unwrap();
    assert_eq!(lines.lines().count(), 2 * 4 * 6);
    insta::assert_snapshot!("one_record", lines.lines().next().unwrap());
    let mut table = csv::Reader::from_reader(&files["results.csv"][..]);
    let header: Vec<String> = table.headers().unwrap().iter().map(str::to_owned).collect();
    insta::assert_snapshot!("the_header", header.join("\n"));
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let column = |name: &str| header.iter().position(|head| head == name).unwrap();
    assert_eq!(rows.len(), 2 * 4 * 6);
    for (row, line) in rows.iter().zip(lines.lines()) {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&row[0], &row[column("c")]), ("1", record["point"]["c"].as_str().unwrap()));
        assert_eq!(row[column("orders.ok")], record["metrics"]["orders.ok"].to_string());
        assert_eq!(row[column("digest")], *record["digest"].as_str().unwrap());
    }
}

#[test]
fn the_number_of_jobs_changes_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let (one, many) = (dir.path().join("1"), dir.path().join("7"));
    sweep(&FakeLab::default(), &format!("{GRID} --jobs 1"), &one);
    sweep(&FakeLab::default(), &format!("{GRID} --jobs 7"), &many);
    assert_same(&one, &many);
}

#[test]
fn an_interrupted_sweep_goes_on_without_loss_or_repeats() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, cut) = (dir.path().join("whole"), dir.path().join("cut"));
    sweep(&FakeLab::default(), GRID, &whole);
    let said = sweep(&FakeLab { last: 9, ..FakeLab::default() }, &format!("{GRID} --jobs 1"), &cut);
    assert_eq!((said.exit, said.out.as_str()), (Exit::Usage, ""));
    assert!(said.err.contains("the power is gone"), "{}", said.err);
    assert_eq!(files(&cut).keys().collect::<Vec<_>>(), ["journal.jsonl", "sweep.json"]);
    // As if the process had been killed while it wrote.
    let journal = fs::read(cut.join("journal.jsonl")).unwrap();
    fs::write(cut.join("journal.jsonl"), &journal[..journal.len() - 100]).unwrap();

    let lab = FakeLab::default();
    let said = sweep(&lab, GRID, &cut);
    assert_eq!(said.exit, Exit::AsClaimed);
    // Seed 0 is played on the second engine too: that counts as a run of its own. The last task that was played is torn.
    let (done, extra) = if cfg!(madsim) { (6, 4) } else { (8, 0) };
    let told = format!("{done} of 24 tasks were there already; a record that was not whole is played again\n");
    assert_eq!(said.err, told);
    assert_same(&whole, &cut);
    // What was there is not played again, but for one task that shows that the build is the same.
    assert_eq!(lab.runs.load(Ordering::Relaxed), 24 - done + 1 + extra);
}

#[test]
fn a_finished_sweep_is_told_again_and_not_played() {
    let dir = tempfile::tempdir().unwrap();
    let first = sweep(&FakeLab::default(), GRID, dir.path());
    let before = files(dir.path());
    let lab = FakeLab::default();
    let again = sweep(&lab, GRID, dir.path());
    assert_eq!((again.out, lab.runs.load(Ordering::Relaxed)), (first.out, 0));
    assert!(before == files(dir.path()));
}

#[test]
fn another_sweep_in_the_directory_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    sweep(&FakeLab::default(), "--seeds 0..3", dir.path());
    let before = files(dir.path());
    let others = [
        ("--seeds 0..4", "its seeds: `0..3`, asked for: `0..4`"),
        ("--seeds 0..3 --set a=1", "its changes: ``, asked for: `a=1`"),
        ("--seeds 0..3 --grid a=1,2", "its grid: ``, asked for: `a=1,2`"),
        ("--seeds 0..3 --shard 0/2", "its shard: `0/1`, asked for: `0/2`"),
        ("--seeds 0..3 --variant grpc-hardened", "its variants: `grpc kafka`"),
    ];
    for (options, difference) in others {
        let said = sweep(&FakeLab::default(), options, dir.path());
        assert_eq!(said.exit, Exit::Usage);
        let err = said.err.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(err.contains(difference) && err.contains("name another directory"), "{err}");
    }
    let said = sweep(&FakeLab { edition: 2, ..FakeLab::default() }, "--seeds 0..3", dir.path());
    assert!(said.err.contains("the scenario file has changed"), "{}", said.err);
    assert!(before == files(dir.path()));
}

#[test]
fn another_build_cannot_go_on_with_a_sweep() {
    let dir = tempfile::tempdir().unwrap();
    sweep(&FakeLab { last: 4, ..FakeLab::default() }, "--seeds 1..9 --jobs 1", dir.path());
    let said = sweep(&FakeLab { build: 2, ..FakeLab::default() }, "--seeds 1..9", dir.path());
    assert_eq!(said.exit, Exit::Usage);
    assert!(said.err.contains("another build played it"), "{}", said.err);
}

#[test]
fn shards_merge_into_the_bytes_of_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let lab = FakeLab { lucky: vec![2, 5], ..FakeLab::default() };
    sweep(&lab, GRID, &at("whole"));
    for nth in 0..5 {
        let said = sweep(&lab, &format!("{GRID} --shard {nth}/5"), &at(&nth.to_string()));
        assert!(said.out.contains(&format!("shard {nth}/5")), "{}", said.out);
    }
    let parts = ["3", "0", "4", "1", "2"].map(at);
    let parts: Vec<&Path> = parts.iter().map(|part| part.as_path()).collect();
    let said = merge(&parts, &at("merged"));
    assert_eq!((said.exit, said.err.as_str()), (Exit::NotAsClaimed, ""));
    assert_same(&at("whole"), &at("merged"));
    // Once more is no harm.
    assert_eq!(merge(&parts, &at("merged")).out, said.out);
}

#[test]
fn parts_that_do_not_make_a_whole_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let lab = FakeLab::default();
    for nth in 0..2 {
        sweep(&lab, &format!("--seeds 0..6 --shard {nth}/3"), &at(&nth.to_string()));
    }
    sweep(&FakeLab { last: 1, ..FakeLab::default() }, "--seeds 0..6 --shard 2/3 --jobs 1", &at("unfinished"));
    sweep(&lab, "--seeds 0..5", &at("other"));
    fs::create_dir(at("empty")).unwrap();
    let cases: [(&[&str], &str); 5] = [
        (&["0", "1"], "2 of 6 tasks are missing: these are the shards 0/3, 1/3"),
        (&["0", "0"], "which another directory has"),
        (&["0", "1", "unfinished"], "is not finished; give its command once more"),
        (&["0", "other"], "its seeds: `0..5`, asked for: `0..6`"),
        (&["empty"], "holds no sweep"),
    ];
    for (names, why) in cases {
        let parts: Vec<_> = names.iter().map(|name| at(name)).collect();
        let parts: Vec<&Path> = parts.iter().map(|part| part.as_path()).collect();
        let said = merge(&parts, &at("out"));
        let err = said.err.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert_eq!((said.exit, said.out.as_str()), (Exit::Usage, ""), "{err}");
        assert!(err.contains(why), "{err}");
        assert!(!at("out").exists(), "nothing is written");
    }
}

#[test]
fn a_panic_ends_one_run_and_not_the_sweep() {
    let dir = tempfile::tempdir().unwrap();
    let lab = FakeLab { fragile: vec![2, 50], lucky: vec![4], ..FakeLab::default() };
    let said = sweep(&lab, "--seeds 1..60", dir.path());
    assert_eq!(said.exit, Exit::Bug);
    for part in [
        "seed 2 of grpc: panicked: a bug that seed 2 finds",
        "gridlock run cascade --variant grpc --seed 2",
        "✗ 2 runs panicked",
        "seed 4 of grpc: cascading instead of metastable",
    ] {
        assert!(said.out.contains(part), "no `{part}` in {}", said.out);
    }
    let lines = fs::read_to_string(dir.path().join("results.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 2 * 59);
    let panicked = lines.lines().filter(|line| line.contains("\"panic\":\"a bug that seed"));
    assert!(panicked.clone().all(|line| line.contains("\"variant\":\"grpc\"") && line.contains("\"digest\":null")));
    assert_eq!(panicked.count(), 2);
    assert!(!lines.contains("panicked: no message"));
}

#[cfg(madsim)]
#[test]
fn two_engines_with_two_histories_are_the_worst_that_can_happen() {
    let dir = tempfile::tempdir().unwrap();
    let lab = FakeLab { torn: vec![50], fragile: vec![3], ..FakeLab::default() };
    let said = sweep(&lab, "--seeds 0..101", dir.path());
    assert_eq!(said.exit, Exit::NotDeterministic);
    assert!(said.out.contains("seed 50 of grpc: madsim told another history"), "{}", said.out);
    assert!(said.out.contains("✗ 2 of 6 runs tell another history on madsim"), "{}", said.out);
    let lines = fs::read_to_string(dir.path().join("results.jsonl")).unwrap();
    assert_eq!(lines.matches("\"second_digest\":null").count(), 2 * (101 - 3));
}

#[test]
fn every_setting_is_checked_before_the_first_run() {
    let lab = FakeLab::default();
    for (options, why) in [
        ("--grid a=1,2 --grid a=3", "varies `a` twice"),
        ("--grid a=1,1", "given twice"),
        ("--variant grpc", "names `grpc` twice"),
        ("--variant nobody", "did you mean"),
        ("--shard 4/4", "counted from 0"),
        ("--seeds 0..1000000 --grid a=1,2", "more than one sweep takes"),
    ] {
        let said = say_with(&lab, &format!("{SOUND} {options}"), Style::default());
        assert_eq!((said.exit, said.out.as_str()), (Exit::Usage, ""), "{options}");
        assert!(said.err.contains(why), "{options}: {}", said.err);
    }
    assert_eq!(lab.runs.load(Ordering::Relaxed), 0);
}

#[test]
fn progress_shows_rate_and_what_is_left() {
    let style = Style { progress: true, ..Style::default() };
    let said = say_with(&FakeLab::default(), &format!("{SOUND} --seeds 1..9"), style);
    assert!(said.err.contains("sweep cascade: 8/8 tasks · ") && said.err.contains("/s · 0 µs left"), "{}", said.err);
    assert!(!said.out.contains("tasks ·"));
}
