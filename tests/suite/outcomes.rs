//! Goal: a change of behaviour is seen, and read, as a change of twenty lines. Method: one insta snapshot for each story with
//! its verdict, counts, times, goodput and the peaks that its figure shows; fingerprints are left out on purpose.
//! Refresh with `INSTA_UPDATE=always cargo test -p gridlock-tests`.

use gridlock_tests::catalogue::{outcome, scenario, scenarios, stories};
use gridlock_tests::{snapshot, tree};

#[test]
fn every_story_has_the_outcome_of_its_snapshot() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for name in scenarios() {
            let played = outcome(name);
            let reports: Vec<_> = played.variants.iter().map(|variant| &variant.report).collect();
            let rows = scenario(name).spec.figure.rows_for(&reports, true);
            for variant in &played.variants {
                insta::assert_snapshot!(format!("{name}__{}", variant.name), snapshot::text(variant, &rows));
            }
        }
    });
    assert_no_other_snapshot();
}

/// A snapshot whose story is gone, or that nobody accepted, fails too.
fn assert_no_other_snapshot() {
    let found: Vec<String> =
        tree::files(&["tests/suite/snapshots"]).iter().map(|path| path.display().to_string()).collect();
    let name =
        |s: gridlock_tests::catalogue::Story| format!("tests/suite/snapshots/{}__{}.snap", s.scenario, s.variant);
    let mut expected: Vec<String> = stories().into_iter().map(name).collect();
    expected.sort();
    assert_eq!(expected, found, "a snapshot is missing, left over or not accepted");
}
