//! Goal: what is written is what is read.

use gridlock_sim::engine::SimDuration;
use gridlock_sim::units::Factor;

use super::{TestFigure, TestWorld, VALID, parse, spoil};
use crate::spec::{Arrivals, Inject, Op, Rate, json_schema};

#[test]
fn the_valid_file_is_read_with_its_defaults() {
    let spec = parse(VALID).unwrap().spec;
    assert_eq!((spec.seed, spec.step, spec.question), (1, SimDuration::from_secs(1), None));
    assert_eq!(spec.workload[0].arrivals, Arrivals::Poisson(Rate::from_micro_hertz(80_000_000)));
    assert_eq!(spec.fault[0].end(), Some(SimDuration::from_secs(70)));
    assert!(matches!(&spec.fault[0].inject, Inject::Slow { factor: Factor(20_000), .. }));
    assert_eq!(spec.variant[1].expect, Some(gridlock_sim::report::VerdictKind::Degraded));
    assert_eq!((spec.claim[0].op, spec.claim[0].value), (Op::More, Some(0)));
    assert!(spec.figure.rows.is_empty());
}

#[test]
fn every_kind_of_arrivals_and_fault_is_read() {
    for arrivals in [
        "{ constant = 0.5 }",
        "{ steps = [{ at = \"0s\", rate = 50 }, { at = \"1min\", rate = 0 }] }",
        "{ burst = { base = 10, peak = 90, at = \"30s\", for = \"10s\" } }",
        "{ closed = { clients = 3, think = { exponential = \"1s\" } } }",
    ] {
        parse(&spoil("{ poisson = 80 }", arrivals)).unwrap_or_else(|error| panic!("{}", error.render()));
    }
    for inject in [
        "pause = { node = \"order\" }",
        "crash = { node = \"order\" }",
        "down = { node = \"order\" }",
        "stop = { node = \"order\" }",
        "host_loss = { node = \"order\" }",
        "cut = { from = \"order\", to = \"inventory\", both = true }",
        "loss = { from = \"order\", to = \"inventory\", percent = 2.5 }",
        "delay = { from = \"order\", to = \"inventory\", by = \"200ms\" }",
        "pool_shrink = { pool = \"order.db\", size = 2 }",
    ] {
        let text = spoil("slow = { node = \"inventory\", factor = 20 }", inject);
        let spec = parse(&text).unwrap_or_else(|error| panic!("{}", error.render())).spec;
        assert!(inject.starts_with(spec.fault[0].inject.kind()));
    }
}

#[test]
fn a_claim_can_compare_with_another_variant() {
    let than = "than = { variant = \"small\", metric = \"orders.failed\", factor = 0.8 }";
    let spec = parse(&spoil("value = 0", than)).unwrap().spec;
    assert_eq!(spec.claim[0].than.as_ref().unwrap().factor, Factor(800));
}

#[test]
fn rates_are_kept_in_millionths() {
    let rate = Rate::from_micro_hertz(12_500_000);
    assert_eq!((rate.per_second(), rate.micro_hertz()), (12.5, 12_500_000));
}

#[test]
fn the_schema_knows_every_table() {
    let schema = json_schema::<TestWorld, TestFigure>();
    for key in ["title", "world", "workload", "fault", "variant", "claim", "figure"] {
        assert!(schema["properties"].get(key).is_some(), "{key} is missing");
    }
    assert_eq!(schema["additionalProperties"], false);
    let required = schema["required"].as_array().unwrap();
    assert!(required.contains(&"world".into()) && !required.contains(&"figure".into()));
    let class = &schema["$defs"]["Workload"]["properties"]["class"];
    assert_eq!(class["type"], "string", "places in the file are no part of the schema");
    assert!(schema["$defs"]["Fault"]["properties"].get("for").is_some());
}
