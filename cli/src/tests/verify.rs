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
fn the_first_seed_is_played_three_times() {
    let lab = FakeLab::default();
    verify(&lab, "--seeds 5..9");
    assert_eq!(lab.runs.load(Ordering::Relaxed), 4 + 2);
}

#[test]
fn two_histories_of_one_seed_are_the_worst_that_can_happen() {
    let said = verify(&FakeLab { forgetful: true, ..FakeLab::default() }, "--jobs 1");
    assert_eq!(said.exit, Exit::NotDeterministic);
    assert!(said.err.contains("Determinism is broken: seed 0 of grpc"));
}
