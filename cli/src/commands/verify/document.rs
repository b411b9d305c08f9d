//! What `verify` found, as its document for programs has it.

use std::collections::BTreeMap;

use gridlock_scenarios::difference::Difference;

use super::{Check, Played, Tally, Trouble, agreeing, columns, disagreeing};
use crate::commands::again::{Broken, Way};
use crate::human::KINDS;
use crate::json::verify as json;

impl Check<'_> {
    pub(super) fn scenario(&self, runs: &[Played], replay: json::Replay) -> json::Scenario {
        let variants: Vec<_> = columns(runs).iter().map(|variant| self.variant(variant)).collect();
        let ok = replay.ok && variants.iter().all(|variant| variant.ok);
        json::Scenario { scenario: self.scenario.to_owned(), ok, variants, replay }
    }

    fn variant(&self, variant: &[(u64, &Tally)]) -> json::Variant {
        let (first, chaos) = (variant[0].1, self.args.chaos);
        json::Variant {
            variant: first.name.clone(),
            expected: first.expected.clone(),
            verdicts: KINDS.map(|kind| (kind.text(), count(variant, |tally| tally.kind == kind))).into(),
            agreeing: agreeing(variant, chaos),
            needed: self.needed(),
            ok: self.fine(variant),
            disagreeing: disagreeing(variant, chaos),
            as_claimed: count(variant, |tally| tally.as_claimed),
            violated: seeds(variant, |trouble| match trouble {
                Trouble::Violates(check) => Some(check),
                Trouble::Fails(_) => None,
            }),
            failed: seeds(variant, |trouble| match trouble {
                Trouble::Fails(claim) => Some(claim),
                Trouble::Violates(_) => None,
            }),
        }
    }
}

/// The seeds of `runs` were played again in these ways, or one of them is not one history.
pub(super) fn replay(runs: &[Played], ways: &[Way], broken: Option<(u64, Broken, Option<Difference>)>) -> json::Replay {
    let digest = |seed, tally: &Tally| json::Digest { seed, variant: tally.name.clone(), digest: tally.digest.clone() };
    json::Replay {
        ok: broken.is_none(),
        ways: ways.iter().map(|way| way.word()).collect(),
        digests: runs.iter().flat_map(|run| run.variants.iter().map(|tally| digest(run.seed, tally))).collect(),
        broken: broken.map(|(seed, Broken { variant, ways, digests }, first_difference)| json::Broken {
            seed,
            variant,
            ways: ways.map(Way::word),
            digests,
            first_difference,
        }),
    }
}

fn count(variant: &[(u64, &Tally)], wanted: impl Fn(&Tally) -> bool) -> u64 {
    variant.iter().filter(|(_, tally)| wanted(tally)).count() as u64
}

/// The seeds with each trouble that has a name of this kind.
fn seeds(variant: &[(u64, &Tally)], name: impl Fn(&Trouble) -> Option<&String>) -> BTreeMap<String, Vec<u64>> {
    let mut seeds: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (seed, tally) in variant {
        for name in tally.troubles.iter().filter_map(&name) {
            seeds.entry(name.clone()).or_default().push(*seed);
        }
    }
    seeds
}
