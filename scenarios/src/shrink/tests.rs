//! Goal: what is left of a run is what its outcome needs, and it is found whatever the number of jobs. Method: small scenarios in which one
//! of several drawn faults matters; the search itself on outcomes made of a formula.

use gridlock_sim::report::VerdictKind;

use super::*;

/// A service at half of what it can do, whose callers try three times: two seconds of standing still are never paid off. Links that
/// lose a little, or are slow, do it no harm.
const STORM: &str = r#"
title = "t"
summary = "s"
duration = "110s"
warmup = "5s"
[world.chain]
services = ["front", "back"]
each = { client = { deadline = "1s", retry_loop = { attempts = 3 } } }
last = { cpu = { constant = "40ms" } }
[[workload]]
class = "requests"
arrivals = { poisson = 12 }
patience = "10s"
[[workload]]
class = "trivial"
arrivals = { poisson = 2 }
[chaos]
kinds = ["pause", "delay"]
targets = ["back"]
from = "10s"
heal_by = "45s"
faults = 6
at_once = 6
"#;

/// Brokers come and go, and the producer is told that all is well when the leader alone has the record.
const STREAM: &str = r#"
title = "t"
summary = "s"
duration = "60s"
warmup = "15s"
[world.stream]
producer = { config = { acks = "leader" } }
consumers = { cpu = { constant = "2ms" }, count = 2 }
[[workload]]
class = "orders"
arrivals = { poisson = 20 }
[chaos]
kinds = ["host_loss", "cut", "down", "slow"]
targets = ["kafka-1", "kafka-2", "kafka-3", "kafka-1.threads"]
from = "20s"
heal_by = "45s"
faults = 8
at_once = 2
"#;

fn scenario(text: &str) -> Scenario<WorldSpec> {
    Scenario::parse("mine.toml", text).unwrap_or_else(|error| panic!("{}", error.render()))
}

fn request(seed: u64, keep: Option<Keep>) -> Request {
    Request {
        name: "mine.toml".into(),
        seed: Some(seed),
        variant: None,
        set: Vec::new(),
        chaos: true,
        keep,
        budget: 400,
        options: Options::default(),
        jobs: 2,
    }
}

/// The first seed of which `keep` is true, with at least so many faults.
fn seed_with(scenario: &Scenario<WorldSpec>, keep: &Keep, faults: usize) -> u64 {
    let fits = |seed: &u64| {
        let outcome = first_run(scenario, &request(*seed, None), None).unwrap();
        outcome.faults.len() >= faults && keep.is_in(&outcome)
    };
    (0..200).find(fits).expect("some seed has this outcome")
}

/// Reads the file that was written and plays it.
fn replay(shrunk: &Shrunk) -> (Scenario<WorldSpec>, VariantOutcome) {
    let again = scenario(&shrunk.text);
    let trial = Trial { keep: &Keep::Verdict(VerdictKind::Healthy), options: Options::default(), jobs: 1 };
    let case = Case::read(again.merged(None, &[]).unwrap()).unwrap();
    (again, trial.outcome(&case).unwrap())
}

#[test]
fn of_several_faults_the_one_that_matters_is_left() {
    let (scenario, keep) = (scenario(STORM), Keep::Verdict(VerdictKind::Metastable));
    let seed = seed_with(&scenario, &keep, 4);
    let shrunk = shrink(&scenario, &request(seed, Some(keep)), &mut |_| ()).unwrap();
    let (file, outcome) = replay(&shrunk);
    let [fault] = &file.spec.fault[..] else { panic!("one fault is enough:\n{}", shrunk.text) };
    assert_eq!(fault.inject.kind(), "pause", "{}", shrunk.text);
    let length = fault.length.unwrap();
    assert!(
        length > LENGTH * 4 && length < LENGTH * 20,
        "half a second is not enough, two are more than enough: {length}"
    );
    assert!(file.spec.workload.len() == 1 && !shrunk.exhausted, "{}", shrunk.text);
    assert!(outcome.as_claimed() && outcome.verdict.kind == VerdictKind::Metastable, "{}", shrunk.text);
    assert_eq!(outcome.report.digest, shrunk.digest);
    let after = file.spec.duration.saturating_sub(fault.end().unwrap());
    assert!(after >= WATCHED_MAX, "metastable is said after a minute of watching, not after {after}");
    let expected = format!("a {length} pause of back at {} is enough: mine.toml stays metastable", fault.at);
    assert_eq!(shrunk.sentence, expected);
}

#[test]
fn the_result_depends_on_neither_jobs_nor_chance() {
    let (scenario, keep) = (scenario(STORM), Keep::Verdict(VerdictKind::Metastable));
    let seed = seed_with(&scenario, &keep, 2);
    let with = |jobs| {
        let request = Request { jobs, budget: 12, ..request(seed, Some(keep.clone())) };
        shrink(&scenario, &request, &mut |_| ()).unwrap()
    };
    let (one, three) = (with(1), with(3));
    assert_eq!(one, three);
    assert!(one.exhausted && one.runs == 12);
}

#[test]
fn a_lost_record_needs_a_leader_that_dies_with_it() {
    let (scenario, keep) = (scenario(STREAM), Keep::Check("acknowledged_orders_kept".into()));
    let seed = seed_with(&scenario, &keep, 4);
    let shrunk = shrink(&scenario, &request(seed, Some(keep.clone())), &mut |_| ()).unwrap();
    let (file, outcome) = replay(&shrunk);
    assert!(keep.is_in(&outcome), "{}", shrunk.text);
    assert!(outcome.as_claimed(), "the file says that the check is violated: {}", shrunk.text);
    let first = first_run(&scenario, &request(seed, None), None).unwrap();
    assert!(file.spec.fault.len() < first.faults.len(), "{}", shrunk.text);
    assert!(file.spec.duration < scenario.spec.duration, "a loss is a loss: nothing needs to be watched after it");
    // The safe setting is safe: with it, the same faults lose nothing.
    let safe = shrunk.text.replace("acks = \"leader\"", "acks = \"all\"");
    assert_ne!(safe, shrunk.text);
    let case = Case::read(self::scenario(&safe).merged(None, &[]).unwrap()).unwrap();
    let trial = Trial { keep: &keep, options: Options::default(), jobs: 1 };
    assert!(!keep.is_in(&trial.outcome(&case).unwrap()), "{safe}");
}

#[test]
fn an_outcome_that_does_not_occur_is_answered_with_what_does() {
    let scenario = scenario(&STORM.replace("duration = \"110s\"", "duration = \"60s\""));
    let refused = |keep: &str| {
        let request = Request { chaos: false, ..request(1, Some(keep.parse().unwrap())) };
        let error = shrink(&scenario, &request, &mut |_| ()).unwrap_err();
        format!("{:?}", miette::Report::new(error))
    };
    let text = refused("verdict=metastable");
    assert!(text.contains("base is not metastable with seed 1") && text.contains("it is healthy"), "{text}");
    assert!(refused("check=requests_conserved").contains("does not violate the check"), "{}", refused("check=x"));
    let text = refused("check=request_conserved").replace('\n', " ");
    assert!(text.contains("did you mean `requests_conserved`?"), "{text}");
    assert!("verdict=metastabel".parse::<Keep>().is_err() && "check=".parse::<Keep>().is_err());
}

#[test]
fn without_a_keep_the_verdict_is_kept_and_no_fault_may_be_needed() {
    let overload = STORM.replace("poisson = 12", "poisson = 40").replace("duration = \"110s\"", "duration = \"30s\"");
    let fault = "[[fault]]\nat = \"12s\"\nfor = \"2s\"\ninject = { slow = { node = \"back\", factor = 3 } }\n";
    let scenario = scenario(&format!("{overload}{fault}").replace("heal_by = \"45s\"", "heal_by = \"20s\""));
    let request = Request { chaos: false, budget: 40, ..request(1, None) };
    let shrunk = shrink(&scenario, &request, &mut |_| ()).unwrap();
    assert!(shrunk.sentence.starts_with("no fault is needed: mine.toml "), "{}", shrunk.sentence);
}

/// A search whose outcome is a formula over the faults.
fn searched(faults: usize, kept: impl Fn(&Case) -> bool) -> (Case, u32) {
    let text: String = (0..faults)
        .map(|n| {
            format!(
                "[[fault]]\nat = \"{}s\"\nfor = \"4s\"\ninject = {{ slow = {{ node = \"back\", factor = {} }} }}\n",
                10 + n,
                n + 2
            )
        })
        .collect();
    let start = Case::read(scenario(&format!("{STORM}{text}")).merged(None, &[]).unwrap()).unwrap();
    let first = |cases: &[Case]| cases.iter().position(&kept);
    let mut tell = |_: &str| ();
    let keep = Keep::Check("x".into());
    let mut search = Search::new(start, &keep, 1000, &mut tell, &first);
    search.run();
    let (best, runs, _) = search.result();
    (best, runs)
}

/// The factors that are left; they tell the faults apart as long as they are part of the formula.
fn factors(case: &Case) -> Vec<u64> {
    let factor = |fault: &crate::spec::Fault| match &fault.inject {
        crate::spec::Inject::Slow { factor, .. } => factor.0 / 1000,
        _ => 0,
    };
    case.spec().fault.iter().map(factor).collect()
}

#[test]
fn two_faults_that_need_each_other_are_both_found() {
    let both = |case: &Case| factors(case).contains(&4) && factors(case).contains(&9);
    let (best, runs) = searched(10, both);
    assert_eq!(factors(&best), [4, 9]);
    assert!(runs < 120, "{runs} runs for two of ten");
}

#[test]
fn lengths_are_narrowed_to_their_resolution() {
    let enough = |case: &Case| case.spec().fault.iter().any(|fault| fault.length >= Some(LENGTH * 13));
    let (best, _) = searched(3, enough);
    assert_eq!(best.spec().fault.len(), 1);
    assert_eq!(best.spec().fault[0].length, Some(LENGTH * 13));
    assert_eq!(factors(&best), [2], "the least that is a fault");
}

#[test]
fn what_a_world_has_anyway_is_not_written() {
    let text = STORM.replace("services = [", "door_cpu = \"300us\"\nservices = [");
    let case = Case::read(scenario(&text).merged(None, &[]).unwrap()).unwrap();
    let least = moves::without_defaults(&case);
    assert!(case.text().contains("door_cpu") && !least.text().contains("door_cpu"), "{}", least.text());
    assert!(least.text().contains("attempts = 3") || !case.text().contains("attempts = 3"));
    assert!(least.text().contains("deadline = \"1s\""), "{}", least.text());
    let world = |case: &Case| serde_json::to_value(&case.spec().world).unwrap();
    assert_eq!(world(&least), world(&case));
}

#[test]
fn rates_are_scaled_to_whole_numbers() {
    let mut value: toml::Value =
        toml::from_str::<toml::Table>("a = { steps = [{ at = \"0s\", rate = 7 }] }").unwrap().into();
    moves::scale(&mut value, 10);
    assert_eq!(value.to_string(), "{ a = { steps = [{ at = \"0s\", rate = 4 }] } }");
}

#[test]
fn faults_are_things_in_a_sentence() {
    let file = scenario(&format!(
        "{STORM}[[fault]]\nat = \"12s\"\nfor = \"8s\"\ninject = {{ down = {{ node = \"back\" }} }}\n\
         [[fault]]\nat = \"12s\"\ninject = {{ crash = {{ node = \"back\" }} }}\n"
    ));
    let phrases: Vec<String> = file.spec.fault.iter().map(words::phrase).collect();
    assert_eq!(phrases, ["an 8 s outage of back at 12 s", "a crash of back at 12 s"]);
}
