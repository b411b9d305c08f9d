//! A scenario file of its own for one variant with one seed: what was drawn, overridden or shrunk stands in it as data.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::chaos;
use crate::outcome::VariantOutcome;
use crate::spec::{Claim, Override, Resolved, Scenario, SpecError, Variant, write};
use crate::world::WorldSpec;

/// What the file says of its only variant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// The verdict it expects.
    pub(crate) expect: Option<String>,
    /// The checks that it says are violated.
    pub(crate) violated: BTreeSet<String>,
    /// Its claims.
    pub(crate) claims: Vec<Claim>,
}

/// The document that plays `resolved` with `seed`: the variant's overrides are part of the world, and its faults stand in the file.
pub(crate) fn document<F>(
    scenario: &Scenario<WorldSpec, F>,
    resolved: &Resolved<WorldSpec, F>,
    overrides: &[Override],
    seed: u64,
    said: &Said,
) -> Result<Table, SpecError> {
    let plain = Variant::plain();
    let variant = resolved.variant.as_ref().unwrap_or(&plain);
    let name = resolved.variant.as_ref().map(|variant| variant.name.get_ref().as_str());
    let mut root = scenario.merged(name, overrides)?;
    for key in ["variant", "claim", "chaos", "fault"] {
        root.remove(key);
    }
    let tables = |tables: Vec<Table>| Value::Array(tables.into_iter().map(Value::Table).collect());
    root.insert("seed".into(), Value::Integer(i64::try_from(seed).unwrap_or(i64::MAX)));
    if !resolved.spec.fault.is_empty() {
        root.insert("fault".into(), tables(resolved.spec.fault.iter().map(|fault| fault.table()).collect()));
    }
    root.insert("variant".into(), tables(vec![self::variant(variant, said)]));
    if !said.claims.is_empty() {
        root.insert("claim".into(), tables(said.claims.iter().map(Claim::table).collect()));
    }
    Ok(root)
}

fn variant(variant: &Variant, said: &Said) -> Table {
    let mut table = Table::new();
    table.insert("name".into(), variant.name.get_ref().clone().into());
    table.insert("title".into(), variant.title.clone().into());
    if let Some(word) = &said.expect {
        table.insert("expect".into(), word.clone().into());
    }
    if !said.violated.is_empty() {
        let names = said.violated.iter().cloned().map(Value::String).collect();
        table.insert("checks".into(), Table::from_iter([("violated".to_owned(), Value::Array(names))]).into());
    }
    table
}

/// The text of a file that repeats the run of one variant under chaos without drawing anything.
///
/// # Errors
/// As [`Scenario::resolve`] says.
pub fn of_chaos<F: serde::de::DeserializeOwned + Default>(
    scenario: &Scenario<WorldSpec, F>,
    overrides: &[Override],
    seed: u64,
    played: &VariantOutcome,
) -> Result<String, SpecError> {
    let named = scenario.spec.variant.iter().any(|variant| *variant.name.get_ref() == played.name);
    let resolved = chaos::resolve(scenario, named.then_some(&played.name), overrides, seed)?;
    let meant = played.checks.iter().filter(|(_, check)| check.must_be_violated);
    let violated = meant.map(|(name, _)| name.clone()).collect();
    let held = |claim: &Claim| played.claims.iter().any(|told| told.id == *claim.id.get_ref());
    let claims = chaos::claims(&resolved.spec, &played.metrics).into_iter().filter(held).collect();
    let said = Said { expect: None, violated, claims };
    let root = document(scenario, &resolved, overrides, seed, &said)?;
    let comment = format!("{}, as chaos with seed {seed} plays it. Every fault was drawn.", played.name);
    Ok(write::scenario(&root, &[comment]))
}
