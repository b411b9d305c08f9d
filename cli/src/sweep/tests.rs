//! What the tests of the parts share: a small plan and made-up records.

use std::collections::BTreeMap;
use std::ops::Range;

use super::plan::{Axis, Plan, SCHEMA};
use super::record::{Claim, Record};

/// A plan with two variants, one change for all, and a grid.
pub(crate) fn plan(seeds: Range<u64>, grid: &[&str]) -> Plan {
    Plan {
        schema: SCHEMA,
        build: "gridlock test".into(),
        scenario: "cascade".into(),
        title: "Cascade".into(),
        variants: vec!["grpc".into(), "kafka".into()],
        luck: BTreeMap::new(),
        seeds,
        set: vec!["base=0".into()],
        chaos: false,
        grid: grid.iter().map(|text| text.parse::<Axis>().expect("an axis")).collect(),
        second_engine: None,
        source: "title = \"Cascade\"".into(),
    }
}

/// Made-up records of a task.
pub(crate) fn records(plan: &Plan, task: usize) -> Vec<Record> {
    let at = plan.task(task);
    let record = |variant: &String| {
        let ok = 1000 - at.seed;
        let claim =
            Claim { metric: "orders.ok".into(), op: ">=".into(), expected: 999, measured: ok as i64, holds: ok >= 999 };
        Record {
            schema: SCHEMA,
            scenario: plan.scenario.clone(),
            point: plan.point(at.point),
            seed: at.seed,
            variant: variant.clone(),
            verdict: Some("degraded".into()),
            expected: Some("degraded".into()),
            as_claimed: claim.holds,
            failed: if claim.holds { Vec::new() } else { vec!["claim served".into()] },
            digest: Some(format!("{task:032x}")),
            second_digest: None,
            panic: None,
            checks: BTreeMap::from([("conserved".into(), "held".into())]),
            claims: BTreeMap::from([("served".into(), claim)]),
            metrics: BTreeMap::from([("orders.ok".into(), ok), ("orders.p99_us".into(), 1000 + at.seed)]),
        }
    };
    plan.variants.iter().map(record).collect()
}
