//! Many seeds: distribution of verdicts, how many must agree, and one history for one seed.

use std::sync::atomic::Ordering;

use super::{FakeLab, Said, say_with};
use crate::{Exit, Style};

fn verify(lab: &FakeLab, options: &str) -> Said {
    say_with(lab, &format!("verify cascade {options}"), Style::default())
}

fn lucky(count: u64) -> FakeLab {
    FakeLab { lucky: (10..10 + count).collect(), ..FakeLab::default() }
}

#[test]
fn the_distribution_of_verdicts_is_shown() {
    let said = verify(&lucky(2), "--jobs 3");
    assert_eq!((said.exit, said.err.as_str()), (Exit::AsClaimed, ""));
    insta::assert_snapshot!(said.out);
}

#[test]
fn thirty_of_thirty_two_must_agree_unless_told_otherwise() {
    assert_eq!(verify(&lucky(3), "").exit, Exit::NotAsClaimed);
    assert_eq!(verify(&lucky(3), "--at-least 29").exit, Exit::AsClaimed);
    assert_eq!(verify(&lucky(1), "--at-least 32").exit, Exit::NotAsClaimed);
    assert_eq!(verify(&lucky(1), "--seeds 0..16").exit, Exit::AsClaimed);
    assert_eq!(verify(&lucky(2), "--seeds 0..16").exit, Exit::NotAsClaimed);
}

#[test]
fn the_number_of_jobs_changes_no_letter() {
    assert_eq!(verify(&lucky(2), "--jobs 1").out, verify(&lucky(2), "--jobs 7").out);
}

#[test]
fn the_first_two_seeds_are_played_beside_others_again_and_alone() {
    let lab = FakeLab::default();
    let said = verify(&lab, "--seeds 5..9");
    assert_eq!(lab.runs.load(Ordering::Relaxed), 4 + 2 + 2);
    assert!(
        said.out.contains("✓ Each of the seeds 5 and 6 is one history: beside other runs, alone.\n"),
        "{}",
        said.out
    );
    let lab = FakeLab::default();
    assert!(verify(&lab, "--seeds 5..6").out.contains("✓ Seed 5 is one history"));
    assert_eq!(lab.runs.load(Ordering::Relaxed), 1 + 1 + 1);
}

/// Entropy of this process leaks into the history: a counter of runs.
#[test]
fn two_histories_of_one_seed_are_the_worst_that_can_happen() {
    let said = verify(&FakeLab { forgetful: true, ..FakeLab::default() }, "--jobs 1");
    assert_eq!(said.exit, Exit::NotDeterministic);
    assert!(said.err.contains("✗ Determinism is broken: seed 0 of grpc has the digest"), "{}", said.err);
    assert!(said.err.contains("The first difference is event 1:\n  one:   {\"at_ns\":34"), "{}", said.err);
    assert!(
        said.err.contains("  other: {\"at_ns\":35}\n  gridlock run cascade --variant grpc --seed 0"),
        "{}",
        said.err
    );
}

/// A second process that answers with these digests of `grpc`, and writes this trace if it is asked for one.
#[cfg(unix)]
fn program(dir: &std::path::Path, digest: &str, trace: &str) -> &'static std::path::Path {
    use std::os::unix::fs::PermissionsExt;
    let path = dir.join("gridlock");
    let answer = format!(r#"{{"variants":[{{"name":"grpc","digest":"{digest}"}}]}}"#);
    let script = format!(
        "#!/bin/sh\nfor last; do :; done\nif [ -d \"$last\" ]; then echo '{trace}' > \"$last/cascade.grpc.trace.jsonl\"; fi\necho '{answer}'\n"
    );
    std::fs::write(&path, script).expect("a script");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    Box::leak(path.into_boxed_path())
}

/// Entropy of each process leaks into the history, such as its id: within one process nothing is to be seen.
#[cfg(unix)]
#[test]
fn a_second_process_that_tells_another_history_is_caught() {
    let dir = tempfile::tempdir().expect("a directory");
    let own = {
        let request = crate::lab::Request { scenario: "cascade".into(), seed: Some(0), ..Default::default() };
        let played = crate::lab::Lab::play(&FakeLab::default(), &request, &mut |_| ()).expect("it plays");
        played.outcome.variants[0].report.digest.clone()
    };
    let said = |digest: &str, trace: &str| {
        let style = Style { program: Some(program(dir.path(), digest, trace)), ..Style::default() };
        say_with(&FakeLab::default(), "verify cascade --variant grpc --seeds 0..1", style)
    };
    let same = said(&own, "");
    assert_eq!((same.exit, same.err.as_str()), (Exit::AsClaimed, ""));
    assert!(same.out.contains("is one history: beside other runs, alone, in a second process.\n"), "{}", same.out);
    let other = said("0123", r#"{"at_ns":7}"#);
    assert_eq!(other.exit, Exit::NotDeterministic);
    assert!(other.err.contains("beside other runs and 0123 in a second process"), "{}", other.err);
    assert!(other.err.contains("event 1:\n  one:   {\"at_ns\":0}\n  other: {\"at_ns\":7}"), "{}", other.err);
    let hidden = said("0123", r#"{"at_ns":0}"#);
    assert!(hidden.err.contains("both told the same"), "{}", hidden.err);
}
