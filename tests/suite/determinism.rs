//! Goal: one seed, one history — twice in one process, in four parallel threads, in a second process, in debug and release.
//! Method: the digest of every story of the catalogue is compared; `tests/digests.txt` holds those of all builds, so running
//! the suite with and without `--release` compares the profiles. Where two runs differ, they are played again with traces
//! and the first differing event is named.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use gridlock_scenarios::difference::first_difference;
use gridlock_sim::engine::{Engine, Options};
use gridlock_tests::catalogue::{Story, outcome, scenario, scenarios, stories};
use gridlock_tests::{child, tree};

const REFERENCE: &str = "tests/digests.txt";
const REFRESH: &str = "INSTA_UPDATE=always cargo test -p gridlock-tests";

/// `scenario variant seed digest` for every story, from the run that all tests of this process share.
fn digests() -> String {
    let mut text = String::new();
    for name in scenarios() {
        let played = outcome(name);
        for variant in &played.variants {
            let _ = writeln!(text, "{name} {} {} {}", variant.name, played.seed, variant.report.digest);
        }
    }
    text
}

/// Says where two fresh runs of a story part, if they do.
fn why(story: &Story) -> String {
    match first_difference(&story.trace(&[]), &story.trace(&[])) {
        Some(difference) => format!("two runs of {story:?} in this process differ, first in {difference}"),
        None => format!(
            "two runs of {story:?} in this process agree: the history itself has changed, or the profile matters"
        ),
    }
}

fn story(line: &str) -> Story {
    let find = |s: &Story| line.starts_with(&format!("{} {} ", s.scenario, s.variant));
    stories().into_iter().find(find).unwrap_or_else(|| panic!("no such story: {line}"))
}

/// Fails with the first line in which two lists of digests differ, and with the first differing event if it can be had.
fn assert_same(expected: &str, found: &str, who: &str) {
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert!(expected == found, "{who}:\n  expected {expected}\n  found    {found}\n{}", why(&story(found)));
    }
    assert_eq!(expected.lines().count(), found.lines().count(), "{who}: a story is missing");
}

#[test]
fn every_story_tells_the_committed_history_in_every_profile() {
    let path = tree::root().join(REFERENCE);
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        std::fs::write(&path, digests()).expect("the reference is written");
    }
    let reference = tree::read(Path::new(REFERENCE));
    let expected =
        stories().into_iter().map(|s| format!("{} {} {}", s.scenario, s.variant, scenario(s.scenario).spec.seed));
    let found = reference.lines().map(|line| line.rsplit_once(' ').expect("four words").0.to_string());
    assert_eq!(expected.collect::<Vec<_>>(), found.collect::<Vec<_>>(), "other stories; refresh with {REFRESH}");
    assert_same(&reference, &digests(), &format!("{REFERENCE} (wanted change? {REFRESH})"));
}

/// The digest that the run shared by all tests of this process has.
fn shared_digest(story: &Story) -> &'static str {
    let variants = &outcome(story.scenario).variants;
    &variants.iter().find(|variant| variant.name == story.variant).expect("it was played").report.digest
}

#[test]
fn every_story_repeats_its_history_beside_three_others_on_parallel_threads() {
    let (stories, next) = (stories(), AtomicUsize::new(0));
    let work = || {
        while let Some(story) = stories.get(next.fetch_add(1, Ordering::Relaxed)) {
            assert!(story.digest() == shared_digest(story), "{}", why(story));
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
    assert!(next.into_inner() >= stories.len());
}

#[test]
fn one_story_on_four_threads_at_once_is_four_times_the_same() {
    let story = Story::new("cascade", "grpc-retries");
    let digests: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| story.digest())).collect();
        threads.into_iter().map(|thread| thread.join().expect("a run")).collect()
    });
    assert!(digests.iter().all(|digest| digest == shared_digest(&story)), "{digests:?}: {}", why(&story));
}

#[test]
fn a_second_process_tells_the_same_history() {
    let theirs = child::ask("determinism::helper_tells_its_digests", "all");
    assert_same(&digests(), &theirs, "a second process");
}

#[test]
#[ignore = "runs in a second process only"]
fn helper_tells_its_digests() {
    if child::question().is_some() {
        child::answer(&digests());
    }
}

#[test]
fn another_seed_tells_another_history() {
    let spec = Story::new("slow-dependency", "fast").spec(&["duration=45s"]);
    let digest = |seed| gridlock_scenarios::run::run(&spec, seed, false).report.digest;
    assert_ne!(digest(1), digest(2));
    assert_eq!(digest(2), digest(2));
}

/// Every story on every engine, with ties drawn and not: the digest does not depend on the engine.
#[test]
fn every_story_is_the_same_history_on_every_engine() {
    let histories: Vec<(Story, Option<u64>)> =
        stories().into_iter().flat_map(|s| [(s.clone(), None), (s, Some(7))]).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((story, ties)) = histories.get(next.fetch_add(1, Ordering::Relaxed)) {
            let digests = Engine::ALL.iter().map(|&engine| story.digest_on(Options { engine, ties: *ties }));
            let distinct: BTreeSet<String> = digests.collect();
            assert_eq!(
                distinct.len(),
                1,
                "{story:?} with ties {ties:?}: cargo lab verify --engines {}",
                story.scenario
            );
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
    assert!(next.into_inner() >= histories.len());
}
