//! `verify --format json`: one document whatever happens, the exit code of the same line for people, and nothing else among the data.

use serde_json::Value;

use super::{FakeLab, Said, say_with};
use crate::{Exit, Style};

fn verify(lab: &FakeLab, options: &str) -> (Value, Said) {
    let style = Style { progress: true, ..Style::default() };
    let said = say_with(lab, &format!("verify cascade {options} --format json"), style);
    let document = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}:\n{}", said.out));
    (document, said)
}

/// `grpc` recovers with one seed of four, and `kafka` does not.
fn lucky() -> FakeLab {
    FakeLab { lucky: vec![11], ..FakeLab::default() }
}

#[test]
fn the_distribution_of_verdicts_is_a_contract() {
    let (_, said) = verify(&lucky(), "--seeds 10..14 --variant grpc --variant kafka");
    assert_eq!(said.exit, Exit::NotAsClaimed);
    insta::assert_snapshot!(said.out);
}

#[test]
fn the_exit_code_is_the_one_for_people_and_ok_says_the_same() {
    for (options, exit) in [
        ("--seeds 10..14", Exit::NotAsClaimed),
        ("--seeds 10..14 --at-least 3", Exit::AsClaimed),
        ("--seeds 0..4 --chaos --variant kafka", Exit::AsClaimed),
        ("--seeds 10..14 --chaos", Exit::NotAsClaimed),
    ] {
        let (document, said) = verify(&lucky(), options);
        let people = say_with(&lucky(), &format!("verify cascade {options}"), Style::default());
        assert_eq!((said.exit, people.exit), (exit, exit), "{options}");
        assert_eq!(document["ok"], exit == Exit::AsClaimed, "{options}");
    }
}

#[test]
fn under_chaos_all_seeds_must_be_safe_and_alive() {
    let (document, _) = verify(&lucky(), "--seeds 10..14 --chaos --variant grpc --variant grpc-deadline");
    assert_eq!(document["mode"], "chaos");
    let variant = &document["scenarios"][0]["variants"][0];
    assert_eq!((&variant["agreeing"], &variant["needed"]), (&3.into(), &4.into()));
    assert_eq!(variant["disagreeing"], Value::from(vec![11]));
    let failed = &document["scenarios"][0]["variants"][1]["failed"];
    assert_eq!(failed, &serde_json::json!({ "grpc-deadline-accept": [10, 11, 12, 13] }));
}

#[test]
fn progress_is_no_data() {
    let (_, said) = verify(&lucky(), "--seeds 0..4");
    assert!(said.err.contains("verify cascade: 6/6 runs") && !said.out.contains("runs"), "{}", said.err);
}

#[test]
fn a_broken_seed_is_in_the_document_and_among_the_remarks() {
    let (document, said) = verify(&FakeLab { forgetful: true, ..FakeLab::default() }, "--seeds 0..4 --jobs 1");
    assert_eq!(said.exit, Exit::NotDeterministic);
    assert!(said.err.contains("✗ Determinism is broken: seed 0 of grpc"), "{}", said.err);
    assert_eq!(document["ok"], false);
    let replay = &document["scenarios"][0]["replay"];
    assert_eq!((&replay["ok"], &replay["ways"]), (&false.into(), &Value::Array(Vec::new())));
    assert_eq!((&replay["broken"]["seed"], &replay["broken"]["variant"]), (&0.into(), &"grpc".into()));
    assert_eq!(replay["broken"]["first_difference"]["one"], "{\"at_ns\":6}");
}

#[cfg(madsim)]
#[test]
fn the_histories_of_both_engines_are_a_contract() {
    let lab = FakeLab { torn: vec![1], ..FakeLab::default() };
    let (document, said) = verify(&lab, "--engines --ties --seeds 0..1 --variant kafka");
    assert_eq!((said.exit, &document["ok"]), (Exit::AsClaimed, &true.into()));
    assert!(!said.err.contains('✗'), "{}", said.err);
    insta::assert_snapshot!(said.out);
}

#[cfg(madsim)]
#[test]
fn engines_that_disagree_are_named_with_the_first_event() {
    let lab = FakeLab { forgetful: true, ..FakeLab::default() };
    let (document, said) = verify(&lab, "--engines --seeds 0..2 --jobs 1");
    assert_eq!((said.exit, &document["ok"]), (Exit::NotDeterministic, &false.into()));
    let histories = document["histories"].as_array().expect("a list");
    assert_eq!(histories.len(), 2 * 4);
    assert!(histories.iter().all(|history| history["ok"] == false));
    assert_eq!(histories[0]["first_difference"]["event"], 1);
    assert_eq!(histories[1]["first_difference"], Value::Null);
}

#[test]
fn a_mistake_is_no_document() {
    let said = say_with(&FakeLab::default(), "verify cascade cascaed --seeds 0..2 --format json", Style::default());
    assert_eq!((said.exit, said.out.as_str()), (Exit::Usage, ""));
}
