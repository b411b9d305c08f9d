//! What must be true after the last fault: the system is alive again.

use std::collections::BTreeMap;

use gridlock_sim::units::Factor;
use toml::Spanned;

use crate::spec::{Claim, Liveness, Op, Spec, Than};
use crate::world::WorldSpec;

/// Of those who were served before, this share must be served at the end, in thousandths.
const BACK: Factor = Factor(900);
/// A backlog up to this is none, and neither is one up to twice what was usual: as for the verdict `absorbed`.
const LAG_END_MAX: i64 = 100;

/// The claims that stand in for those of the file, which speak of other faults. `measured` tells what was usual before the faults.
pub(crate) fn claims<F>(spec: &Spec<WorldSpec, F>, measured: &BTreeMap<String, u64>) -> Vec<Claim> {
    match &spec.chaos.liveness[..] {
        [] => usual(spec, measured),
        stated => stated.iter().enumerate().map(|(nth, liveness)| claim(nth, liveness)).collect(),
    }
}

fn claim(nth: usize, Liveness { metric, op, value }: &Liveness) -> Claim {
    Claim {
        id: spanned(format!("alive-{}", nth + 1)),
        variant: None,
        metric: metric.clone(),
        op: *op,
        value: Some(*value),
        than: None,
        because: "the scenario states it as liveness: every fault has healed".into(),
    }
}

/// Every class is served again, and nothing waits to be consumed.
fn usual<F>(spec: &Spec<WorldSpec, F>, measured: &BTreeMap<String, u64>) -> Vec<Claim> {
    let before = measured.get("lag.before").map_or(0, |lag| i64::try_from(*lag).unwrap_or(i64::MAX / 2));
    let served = spec.workload.iter().map(|workload| workload.class.get_ref()).map(|class| Claim {
        id: spanned(format!("alive-{class}")),
        variant: None,
        metric: spanned(format!("{class}.ok_permille.end")),
        op: Op::AtLeast,
        value: None,
        than: Some(Than { variant: None, metric: spanned(format!("{class}.ok_permille.before")), factor: BACK }),
        because:
            "every fault has healed: whoever comes in the last 20 s is served as before the faults, within a tenth"
                .into(),
    });
    let drained = Claim {
        id: spanned("alive-lag".into()),
        variant: None,
        metric: spanned("lag.end".into()),
        op: Op::AtMost,
        value: Some(LAG_END_MAX.max(2 * before)),
        than: None,
        because: "every fault has healed: what piled up has been consumed, but for twice what was usual".into(),
    };
    served.chain([drained]).collect()
}

fn spanned(text: String) -> Spanned<String> {
    Spanned::new(0..0, text)
}
