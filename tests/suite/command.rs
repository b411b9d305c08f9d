//! Goal: the command keeps its contract with people and programs. Method: it is called in process with writers of our own;
//! the binary itself has its spawn tests in `cli`.

use std::fs;

use gridlock::Style;
use gridlock_tests::catalogue::{outcome, scenarios, stories};
use gridlock_tests::command::{gridlock, styled};
use gridlock_tests::tree::root;
use serde_json::Value;

const QUICK: [&str; 6] = ["slow-dependency", "--variant", "fast", "--set", "duration=45s", "--format"];

fn json(args: &[&str]) -> Value {
    let said = gridlock(args.iter().copied());
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error} in {said:?}"))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn exit_codes_tell_claims_failures_and_misuse_apart() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("mine.toml");
    let claim = "[[claim]]\nid = \"x\"\nmetric = \"requests.failed\"\nop = \"==\"\nvalue = VALUE\nbecause = \"b\"\n";
    let text = "title = \"t\"\nsummary = \"s\"\nduration = \"5s\"\n[world.chain]\nservices = [\"a\"]\n[[workload]]\n\
                class = \"requests\"\narrivals = { constant = 5 }\n";
    for (value, code) in [("0", 0), ("7", 1), ("\"many\"", 2)] {
        fs::write(&file, format!("{text}{}", claim.replace("VALUE", value))).expect("the file is written");
        let said = gridlock(["run".as_ref(), file.as_os_str()]);
        assert_eq!(said.code, code, "{said:?}");
    }
    assert_eq!(gridlock(["run", "cascade", "--variant", "none"]).code, 2);
    assert_eq!(gridlock(["rnu"]).code, 2);
    assert_eq!(gridlock(["--help"]).code, 0);
}

#[test]
fn json_has_its_keys_in_their_order() {
    let document = json(&[&["run"], &QUICK[..], &["json"]].concat());
    assert_eq!(keys(&document), ["schema", "scenario", "seed", "build", "engine", "ties", "chaos", "variants"]);
    assert_eq!((&document["schema"], &document["build"]), (&Value::from(1), &Value::from(gridlock::BUILD)));
    let variant = &document["variants"][0];
    assert_eq!(keys(variant), ["name", "digest", "verdict", "reason", "faults", "metrics", "checks", "claims"]);
    let metrics = keys(&variant["metrics"]);
    assert!(metrics.is_sorted(), "{metrics:?}");
    assert!(variant["metrics"].as_object().expect("an object").values().all(Value::is_u64), "integers only");
    let words = variant["checks"].as_object().expect("an object").values();
    assert!(words.map(|word| word.as_str().expect("a word")).all(|word| ["held", "violated"].contains(&word)));
    let claim =
        json(&["run", "slow-dependency", "--variant", "slow", "--format", "json"])["variants"][0]["claims"][0].take();
    assert_eq!(keys(&claim), ["id", "metric", "op", "expected", "measured", "holds", "because"]);
}

#[test]
fn json_of_the_shop_has_the_promised_metrics() {
    let document = json(&["run", "cascade", "--variant", "grpc-retries", "--format", "json"]);
    let metrics = &document["variants"][0]["metrics"];
    let promised = "orders.offered orders.accepted orders.completed orders.failed orders.abandoned orders.lost \
                    orders.duplicated browse.offered browse.ok accept.p50_us accept.p99_us e2e.p50_us e2e.p99_us \
                    lag.max lag.end stale.completions retries restarts";
    for key in promised.split_whitespace() {
        assert!(metrics[key].is_u64(), "{key}");
    }
    let shared = outcome("cascade").variants.iter().find(|v| v.name == "grpc-retries").expect("a variant");
    assert_eq!(document["variants"][0]["digest"], shared.report.digest.as_str(), "one variant alone is the same run");
}

#[test]
fn the_list_names_every_scenario_and_variant() {
    let said = gridlock(["list"]);
    assert_eq!(said.code, 0);
    assert!(said.err.contains("Try `gridlock explain"), "what to do next is no data: {}", said.err);
    let missing: Vec<_> =
        stories().into_iter().filter(|s| !said.out.contains(&format!("    {} ", s.variant))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(scenarios().all(|name| said.out.contains(&format!("{name}  "))), "{}", said.out);
}

#[test]
fn every_scenario_explains_itself_without_being_played() {
    for name in scenarios() {
        let said = gridlock(["explain", name]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{name}");
        let claims = gridlock_tests::catalogue::scenario(name).spec.claim;
        let missing: Vec<_> = claims.iter().map(|c| c.id.get_ref()).filter(|id| !said.out.contains(*id)).collect();
        assert!(missing.is_empty(), "{name}: claims {missing:?} are not explained");
    }
    let said = gridlock(["explain", "cascade"]);
    assert!(said.out.contains("inventory computes 20 times slower") && said.out.contains("order.pool"), "{}", said.out);
}

#[test]
fn the_schema_names_what_a_file_may_hold() {
    let schema = json(&["schema"]);
    let mut found = keys(&schema["properties"]);
    found.sort_unstable();
    let expected = "chaos claim duration fault figure question seed step summary title variant warmup workload world";
    assert_eq!(found, expected.split(' ').collect::<Vec<_>>());
    let required = schema["required"].as_array().expect("a list");
    for key in ["title", "summary", "duration", "world"] {
        assert!(required.contains(&Value::from(key)), "{key} is required");
    }
    assert_eq!(schema["additionalProperties"], false, "editors refuse unknown keys too");
}

#[test]
fn a_chaotic_run_leaves_a_file_that_repeats_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = dir.path().to_str().expect("a path");
    let set = ["--set", "chaos.from=42s", "--set", "chaos.heal_by=52s", "--set", "duration=60s"];
    let set = [&["slow-dependency", "--variant", "fast", "--format", "json"], &set[..]].concat();
    let document = json(&[&["run", "--chaos", "--seed", "5", "--out", out], &set[..]].concat());
    let variant = &document["variants"][0];
    assert_eq!(document["chaos"], true);
    assert!(variant["faults"][0]["inject"].is_object() && variant["faults"][0]["at"].is_string(), "{variant}");
    let file = dir.path().join("slow-dependency.fast.chaos.toml");
    let again = json(&["run", file.to_str().expect("a path"), "--format", "json"]);
    assert_eq!((&again["chaos"], &again["variants"][0]["digest"]), (&Value::from(false), &variant["digest"]));
    assert_eq!(again["variants"][0]["faults"], variant["faults"]);
}

#[test]
fn the_least_that_breaks_the_cascade_still_does() {
    let file = root().join("book/exercises/least-cascade.toml");
    let said = gridlock(["run".as_ref(), file.as_os_str()]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("METASTABLE"), "{}", said.out);
}

#[test]
fn what_does_not_occur_cannot_be_shrunk() {
    let args = ["shrink", "slow-dependency", "--variant", "fast", "--set", "duration=60s", "--keep"];
    let said = gridlock([&args[..], &["verdict=metastable"]].concat());
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("is not metastable") && said.err.contains("verdict="), "{}", said.err);
    assert_eq!(gridlock([&args[..], &["verdict=metastabel"]].concat()).code, 2);
    assert!(gridlock(["shrink", "slow-dependency"]).err.contains("choose one to shrink"));
}

#[test]
fn colours_appear_only_where_they_are_wanted() {
    let args = || [&["run"], &QUICK[..], &["human"]].concat();
    let plain = gridlock(args());
    assert!(!plain.out.contains('\x1b') && !plain.err.contains('\x1b'));
    let coloured = styled(args(), Style { color: true, ..Style::default() });
    assert!(coloured.out.contains('\x1b'), "the test could not fail");
    let error = styled(["run", "cascad"], Style { color: true, ..Style::default() });
    assert!(!error.err.contains('\x1b') && error.err.contains("did you mean `cascade`?"), "{}", error.err);
}

#[test]
fn progress_is_for_terminals_only() {
    let args = || [&["run"], &QUICK[..], &["json"]].concat();
    assert_eq!(gridlock(args()).err, "");
    let shown = styled(args(), Style { progress: true, ..Style::default() });
    assert!(shown.err.contains("playing slow-dependency") && !shown.out.contains("playing"), "{}", shown.err);
}

#[test]
fn human_output_ends_with_the_line_that_repeats_the_run() {
    let said = gridlock(["run", "slow-dependency", "--variant", "fast", "--seed", "7", "--set", "duration=45s"]);
    assert!(said.out.contains("gridlock run slow-dependency") && said.out.contains("--seed 7"), "{}", said.out);
    assert!(said.out.contains("duration=45s"), "{}", said.out);
}

#[test]
fn the_same_request_writes_the_same_files() {
    let read = || {
        let dir = tempfile::tempdir().expect("a directory");
        let out = dir.path().as_os_str().to_owned();
        let args = [&["run"], &QUICK[..], &["json", "--out"]].concat();
        let said = gridlock(args.into_iter().map(std::ffi::OsString::from).chain([out]));
        assert_eq!(said.code, 0, "{}", said.err);
        let names = ["slow-dependency.json", "slow-dependency.svg", "slow-dependency.fast.trace.jsonl"];
        names.map(|name| fs::read(dir.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    let (one, other) = (read(), read());
    assert!(one == other, "two runs wrote different bytes");
    assert!(one[2].len() > 100_000, "the trace is empty");
}
