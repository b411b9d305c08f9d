//! Goal: chaos is data that depends on the seed and on what can be hit, and on nothing else. Method: schedules are drawn for worlds of the
//! catalogue and for a small chain, and read.

use gridlock_sim::engine::{Engine, Options, SimDuration};

use super::*;
use crate::catalog::{CATALOG, load};
use crate::spec::{Fault, Ignored, Inject, Override};
use crate::{Request, play};

const CHAIN: &str = r#"
title = "t"
summary = "s"
duration = "60s"
warmup = "5s"
world = { chain = { services = ["front", "back"] } }
[[workload]]
class = "requests"
arrivals = { poisson = 20 }
"#;

fn chain(chaos: &str) -> Scenario<WorldSpec> {
    Scenario::parse("chain.toml", &format!("{CHAIN}{chaos}")).unwrap_or_else(|error| panic!("{}", error.render()))
}

fn drawn(scenario: &Scenario<WorldSpec>, seed: u64) -> Vec<Fault> {
    draw(&scenario.spec, seed)
}

fn request(seed: u64, chaos: bool) -> Request {
    let name = "chain".into();
    Request {
        name,
        seed: Some(seed),
        variants: vec![],
        set: vec![],
        chaos,
        trace: false,
        options: Options::default(),
        jobs: 1,
    }
}

/// What faults hit: nodes, and the processes of pools.
fn hit(fault: &Fault) -> Vec<String> {
    match &fault.inject {
        Inject::PoolShrink { pool, .. } => vec![pool.get_ref().clone()],
        inject => inject.nodes().into_iter().map(|node| node.get_ref().clone()).collect(),
    }
}

#[test]
fn every_scenario_accepts_what_is_drawn_for_it() {
    for (name, _) in CATALOG {
        let scenario = load::<Ignored>(name).unwrap();
        for variant in &scenario.spec.variant {
            for seed in 0..20 {
                let variant = variant.name.get_ref();
                let resolved = resolve(&scenario, Some(variant), &[], seed);
                let spec = resolved.unwrap_or_else(|error| panic!("{name}/{variant} {seed}: {error}")).spec;
                let span = spec.chaos.span(spec.duration, spec.warmup);
                for fault in &spec.fault {
                    let end = fault.end().unwrap_or(fault.at);
                    assert!(fault.at >= span.start && end <= span.end, "{name} {seed}: {fault:?} leaves {span:?}");
                    assert!(hit(fault).iter().all(|node| node != "customers"), "{fault:?}");
                }
            }
        }
    }
}

#[test]
fn a_seed_has_one_schedule_and_another_seed_has_another() {
    let scenario = chain("");
    assert_eq!(drawn(&scenario, 3), drawn(&scenario, 3));
    assert_ne!(drawn(&scenario, 3), drawn(&scenario, 4));
    let kinds: std::collections::BTreeSet<_> =
        (0..200).flat_map(|seed| drawn(&scenario, seed)).map(|fault| fault.inject.kind()).collect();
    let all = ["crash", "cut", "delay", "down", "host_loss", "loss", "pause", "slow", "stop"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn one_at_once_is_never_more() {
    let scenario = chain("[chaos]\nat_once = 1\nfaults = 20\nkinds = [\"slow\", \"pause\", \"down\"]\n");
    for seed in 0..50 {
        for pair in drawn(&scenario, seed).windows(2) {
            assert!(pair[0].end().unwrap() <= pair[1].at, "{pair:?}");
        }
    }
    let crowded = chain("[chaos]\nat_once = 9\nfaults = 20\nkinds = [\"slow\", \"pause\", \"down\"]\n");
    let overlap = |seed| drawn(&crowded, seed).windows(2).any(|pair| pair[0].end().unwrap() > pair[1].at);
    assert!((0..50).any(overlap), "the test could not fail");
}

#[test]
fn kinds_and_targets_are_those_that_are_named() {
    let scenario = chain("[chaos]\nkinds = [\"slow\", \"cut\"]\ntargets = [\"back\"]\n");
    for fault in (0..50).flat_map(|seed| drawn(&scenario, seed)) {
        assert!(["slow", "cut"].contains(&fault.inject.kind()), "{fault:?}");
        assert!(hit(&fault).contains(&"back".to_owned()), "{fault:?}");
    }
}

#[test]
fn clogged_links_are_cut_one_by_one_and_released_in_another_order() {
    let scenario = load::<Ignored>("broker-crash").unwrap();
    let set = |text: &str| Override::parse(text).unwrap();
    let set = [set("chaos.kinds=[\"clog\"]"), set("chaos.faults=1")];
    let spec = scenario.resolve(Some("acks-all"), &set).unwrap().spec;
    let clogs: Vec<Vec<Fault>> = (0..20).map(|seed| draw(&spec, seed)).filter(|faults| faults.len() > 3).collect();
    assert!(clogs.len() > 3, "there was no clog of several links");
    for faults in &clogs {
        assert!(faults.iter().all(|fault| matches!(fault.inject, Inject::Cut { both: false, .. })));
        let common = |node: &String| faults.iter().all(|fault| hit(fault).contains(node));
        assert!(hit(&faults[0]).iter().any(common), "no node is common to {faults:?}");
    }
    let reordered = |faults: &Vec<Fault>| faults.windows(2).any(|pair| pair[0].end() > pair[1].end());
    assert!(clogs.iter().any(reordered));
}

#[test]
fn designs_with_the_same_parts_meet_the_same_faults() {
    let scenario = load::<Ignored>("cascade").unwrap();
    let of = |variant, seed| resolve(&scenario, Some(variant), &[], seed).unwrap().spec.fault;
    for seed in 0..20 {
        assert_eq!(of("healthy", seed), of("grpc-hardened", seed));
    }
    let shared = (0..20).filter(|seed| of("grpc", *seed).iter().any(|fault| of("kafka", *seed).contains(fault)));
    assert!(shared.count() > 10, "brokers have moved the faults of the services");
}

#[test]
fn customers_are_the_same_whatever_breaks() {
    let scenario = chain("");
    let offered = |chaos| {
        let played = play(&scenario, &request(5, chaos)).unwrap();
        played.outcome.variants[0].report.classes["requests"].offered_by_arrival.clone()
    };
    assert_eq!(offered(true), offered(false));
}

#[test]
fn every_engine_meets_the_same_schedule_and_tells_the_same() {
    let scenario = chain("");
    let outcome = |engine| {
        let options = Options { engine, ties: None };
        let played = play(&scenario, &Request { options, ..request(5, true) }).unwrap();
        let variant = played.outcome.variants.into_iter().next().unwrap();
        (variant.faults, variant.report.digest)
    };
    let first = outcome(Engine::ALL[0]);
    for engine in Engine::ALL {
        assert_eq!(outcome(*engine), first);
    }
}

#[test]
fn the_file_of_a_chaotic_run_repeats_it_without_chaos() {
    let scenario = chain("");
    let played = play(&scenario, &request(7, true)).unwrap().outcome.variants.remove(0);
    assert!(!played.faults.is_empty());
    let text = crate::replay::of_chaos(&scenario, &[], 7, &played).unwrap();
    let again = Scenario::<WorldSpec>::parse("again.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let repeated = play(&again, &Request { seed: None, ..request(0, false) }).unwrap().outcome.variants.remove(0);
    assert_eq!(repeated.report.digest, played.report.digest, "{text}");
    let claims = |outcome: &crate::outcome::VariantOutcome| {
        outcome.claims.iter().map(|claim| (claim.id.clone(), claim.measured, claim.holds)).collect::<Vec<_>>()
    };
    assert_eq!(claims(&repeated), claims(&played));
    assert_eq!(played.claims.len(), 2, "served again, and nothing left to consume");
}

#[test]
fn what_does_not_come_back_is_not_alive() {
    // Half a second of standing still passes; two seconds start a storm of retries that feeds itself.
    let scenario = load::<Ignored>("retry-storm").unwrap();
    let set: Vec<Override> = ["kinds=[\"pause\"]", "targets=[\"back\"]", "faults=1", "from=30s", "heal_by=34s"]
        .map(|text| Override::parse(&format!("chaos.{text}")).unwrap())
        .into();
    let told: Vec<(SimDuration, bool)> = (0..12)
        .map(|seed| {
            let request = Request { variants: vec!["short-trigger".into()], set: set.clone(), ..request(seed, true) };
            let outcome = play(&scenario, &request).unwrap().outcome.variants.remove(0);
            let alive = outcome.claims.iter().find(|claim| claim.id == "alive-requests").unwrap().holds;
            (outcome.faults[0].length.unwrap(), alive)
        })
        .collect();
    assert!(told.iter().all(|(length, alive)| *alive == (*length < SimDuration::from_secs(1))), "{told:?}");
    assert!(told.iter().any(|(_, alive)| *alive) && told.iter().any(|(_, alive)| !alive), "{told:?}");
}

#[test]
fn stated_liveness_takes_the_place_of_the_usual() {
    let scenario = chain("[chaos]\nliveness = [{ metric = \"requests.failed\", op = \"<\", value = 0 }]\n");
    let claims = play(&scenario, &request(1, true)).unwrap().outcome.variants.remove(0).claims;
    let told: Vec<_> = claims.iter().map(|claim| (claim.id.as_str(), claim.metric.as_str(), claim.holds)).collect();
    assert_eq!(told, [("alive-1", "requests.failed", false)]);
    let odd = chain("[chaos]\nliveness = [{ metric = \"requests.fialed\", op = \"<\", value = 0 }]\n");
    let error = play(&odd, &request(1, true)).unwrap_err().render();
    assert!(error.contains("did you mean `requests.failed`?") && error.contains("chain.toml:11:"), "{error}");
}

#[test]
fn a_run_too_short_for_faults_has_none() {
    let scenario = chain("[chaos]\nfrom = \"10s\"\nheal_by = \"10.1s\"\n");
    assert_eq!(drawn(&scenario, 1), []);
    assert_eq!(scenario.spec.chaos.span(scenario.spec.duration, SimDuration::ZERO).start, SimDuration::from_secs(10));
}

#[test]
fn a_run_without_any_time_for_faults_is_refused() {
    let set = vec![Override::parse("warmup=40s").unwrap()];
    let error = play(&chain(""), &Request { set: set.clone(), ..request(1, true) }).unwrap_err().render();
    assert!(error.contains("no time for faults: they may begin at 46 s and must have ended by 36 s"), "{error}");
    assert!(play(&chain(""), &Request { set, ..request(1, false) }).is_ok(), "without chaos it is a run like others");
}
