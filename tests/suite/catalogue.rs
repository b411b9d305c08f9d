//! Goal: what the catalogue says of itself is true. Method: every scenario is played with its seed; expectations, claims and
//! figures are compared with what came of it.

use std::path::Path;

use gridlock::lab::{Catalogue, Lab, Picture};
use gridlock_figures::Row;
use gridlock_scenarios::difference::first_difference;
use gridlock_scenarios::outcome::Outcome;
use gridlock_tests::catalogue::{outcome, scenario, scenarios, stories};
use gridlock_tests::tree;

#[test]
fn every_claim_and_every_expected_verdict_holds() {
    for name in scenarios() {
        for variant in &outcome(name).variants {
            let failed: Vec<_> = variant.claims.iter().filter(|claim| !claim.holds).collect();
            let checks: Vec<_> =
                variant.checks.iter().filter(|(_, check)| check.held == check.must_be_violated).collect();
            let told = format!("{name} {}: {:?}, claims {failed:?}, checks {checks:?}", variant.name, variant.verdict);
            assert!(variant.as_claimed(), "{told}, expected {:?}", variant.expected);
        }
    }
}

#[test]
fn every_claim_is_evaluated() {
    for name in scenarios() {
        for claim in &scenario(name).spec.claim {
            let variants = outcome(name).variants.iter();
            let count = variants.filter(|v| v.claims.iter().any(|found| found.id == *claim.id.get_ref())).count();
            let expected = if claim.variant.is_some() { 1 } else { outcome(name).variants.len() };
            assert_eq!(count, expected, "{name}: claim {}", claim.id.get_ref());
        }
    }
}

#[test]
fn every_scenario_has_variants_claims_and_a_question() {
    for name in scenarios() {
        let spec = scenario(name).spec;
        assert!(!spec.variant.is_empty() && !spec.claim.is_empty(), "{name} shows or claims nothing");
        assert!(spec.question.is_some_and(|question| question.ends_with('?')), "{name} asks nothing");
        for variant in &spec.variant {
            assert!(variant.expect.is_some(), "{name} {} expects no verdict", variant.name.get_ref());
        }
    }
    assert!(stories().len() >= 20, "the catalogue has shrunk");
}

#[test]
fn every_row_of_a_figure_shows_something_that_was_measured() {
    for name in scenarios() {
        for row in scenario(name).spec.figure.rows {
            let missing: Vec<String> = keys(&row).into_iter().filter(|key| !is_measured(outcome(name), key)).collect();
            assert!(missing.is_empty(), "{name}: no run has {missing:?}");
        }
    }
}

/// What a row shows: keys of classes and series; of Kafka the series without which there is nothing to show.
fn keys(row: &Row) -> Vec<String> {
    match row {
        Row::Goodput { class } | Row::Latency { class } => vec![class.clone()],
        Row::Gauges { series, .. } | Row::Counts { series, .. } => series.clone(),
        Row::Lag { group } | Row::Owners { group } => vec![format!("{group}/generation")],
        Row::Leaders { topic } => vec![format!("{topic}-0/leader")],
    }
}

fn is_measured(outcome: &Outcome, key: &str) -> bool {
    outcome.variants.iter().any(|v| v.report.classes.contains_key(key) || v.report.series.contains_key(key))
}

/// All pictures as they are drawn now: name of the file and its content, light and dark.
fn drawn() -> Vec<(String, String)> {
    let of_scenario = |name: &'static str| {
        let pictures = Catalogue.pictures(outcome(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        pictures.into_iter().map(move |Picture { suffix, svg }| (format!("{name}{suffix}"), svg))
    };
    let standing = Catalogue.standing().expect("pictures of no scenario");
    let standing = standing.into_iter().map(|(name, svg)| (name.to_owned(), svg));
    let both = |(name, svg): (String, String)| {
        let dark = gridlock_figures::dark(&svg);
        [(format!("{name}.svg"), svg), (format!("{name}.dark.svg"), dark)]
    };
    scenarios().flat_map(of_scenario).chain(standing).flat_map(both).collect()
}

#[test]
fn every_committed_figure_is_what_is_drawn_now() {
    for (file, drawn) in drawn() {
        let path = format!("figures/out/{file}");
        let committed = std::fs::read_to_string(tree::root().join(&path)).unwrap_or_default();
        let advice = "`cargo lab figures` draws it anew; look at it before you commit it";
        if let Some(difference) = first_difference(&committed, &drawn) {
            let shown: String = difference.to_string().chars().take(400).collect();
            panic!("{path} is missing or stale: {advice}\n{}", shown.replace("event", "line"));
        }
    }
}

#[test]
fn no_figure_is_left_over() {
    let expected: std::collections::BTreeSet<_> = drawn().into_iter().map(|(file, _)| file).collect();
    let found =
        tree::files(&["figures/out"]).into_iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_string()));
    assert_eq!(expected, found.filter(|name| name.ends_with(".svg")).collect());
}

#[test]
fn the_catalogue_directory_and_the_built_in_list_agree() {
    let mut listed: Vec<_> = scenarios().map(|name| format!("scenarios/catalog/{name}.toml")).collect();
    listed.sort();
    let found: Vec<_> = tree::files(&["scenarios/catalog"]).iter().map(|path| path.display().to_string()).collect();
    assert_eq!(listed, found);
    assert!(Path::new(&listed[0]).is_relative());
}
