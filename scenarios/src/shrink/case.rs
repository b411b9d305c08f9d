//! A candidate: a scenario file with one variant and nothing to draw or override.

use gridlock_sim::engine::SimDuration;
use toml::{Table, Value};

use crate::spec::{Fault, Ignored, Scenario, Spec, SpecError, write};
use crate::world::WorldSpec;

/// What candidates are called in errors; nobody sees them.
const NAME: &str = "shrunk.toml";

/// A document, and what it says.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) root: Table,
    pub(super) scenario: Scenario<WorldSpec>,
}

impl Case {
    /// Reads and checks a document as a user's file.
    pub(super) fn read(root: Table) -> Result<Self, SpecError> {
        let scenario = Scenario::parse(NAME, &write::scenario(&root, &[]))?;
        Ok(Self { root, scenario })
    }

    pub(super) fn spec(&self) -> &Spec<WorldSpec, Ignored> {
        &self.scenario.spec
    }

    pub(super) fn text(&self) -> &str {
        &self.scenario.file.text
    }

    /// The case with another document, if that is a valid file.
    pub(super) fn with(&self, change: impl FnOnce(&mut Table)) -> Option<Self> {
        let mut root = self.root.clone();
        change(&mut root);
        Self::read(root).ok()
    }

    pub(super) fn with_faults(&self, faults: &[Fault]) -> Option<Self> {
        self.with(|root| set_faults(root, faults))
    }

    pub(super) fn with_duration(&self, duration: SimDuration) -> Option<Self> {
        self.with(|root| set(root, "duration", write::span(duration).into()))
    }

    /// The end of the last fault; nothing without faults, or when one has no end.
    pub(super) fn last_end(&self) -> Option<SimDuration> {
        let ends = self.spec().fault.iter().map(|fault| match fault.end() {
            Some(end) => Some(end),
            None => matches!(fault.inject, crate::spec::Inject::Crash { .. }).then_some(fault.at),
        });
        ends.collect::<Option<Vec<SimDuration>>>()?.into_iter().max()
    }
}

/// Writes the list of faults.
pub(super) fn set_faults(root: &mut Table, faults: &[Fault]) {
    if faults.is_empty() {
        root.remove("fault");
    } else {
        let tables = faults.iter().map(|fault| Value::Table(fault.table())).collect();
        root.insert("fault".into(), Value::Array(tables));
    }
}

/// Puts a value at a dotted path; tables that are missing are made.
pub(super) fn set(root: &mut Table, path: &str, value: Value) {
    let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut table = root;
    for key in parents.split('.').filter(|key| !key.is_empty()) {
        let entry = table.entry(key.to_owned()).or_insert_with(|| Value::Table(Table::new()));
        match entry {
            Value::Table(inner) => table = inner,
            _ => return,
        }
    }
    table.insert(last.into(), value);
}
