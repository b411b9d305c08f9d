//! The files of a sweep, in canonical order: the same bytes whatever the number of jobs, interruptions and shards.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use super::figure;
use super::journal::{Index, parse};
use super::plan::{Plan, Shard};
use super::record::Record;
use super::summary::{Fold, Summary};
use crate::files::{self, Pending};
use crate::json;

/// One JSON object a line, one line a run.
pub(crate) const RESULTS: &str = "results.jsonl";
const TABLE: &str = "results.csv";
const SUMMARY: &str = "summary.json";

/// The columns of the table that depend on the runs: every checker, claim and metric that any of them has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    checks: BTreeSet<String>,
    claims: BTreeSet<String>,
    metrics: BTreeSet<String>,
}

impl Columns {
    /// Takes note of what a record has.
    pub(crate) fn see(&mut self, record: &Record) {
        extend(&mut self.checks, record.checks.keys());
        extend(&mut self.claims, record.claims.keys());
        extend(&mut self.metrics, record.metrics.keys());
    }

    /// The header row.
    pub(crate) fn header(&self, plan: &Plan) -> Vec<String> {
        let fixed = ["schema", "scenario", "seed", "variant"].map(str::to_owned);
        let outcome = ["verdict", "expected", "as_claimed", "failed", "digest", "second_digest", "panic"];
        let mut header = fixed.to_vec();
        header.extend(plan.grid.iter().map(|axis| axis.key.clone()));
        header.extend(outcome.map(str::to_owned));
        header.extend(self.checks.iter().map(|name| format!("check.{name}")));
        header.extend(self.claims.iter().map(|id| format!("claim.{id}")));
        header.extend(self.metrics.iter().cloned());
        header
    }

    /// The row of a record. What it does not have is empty.
    fn row(&self, plan: &Plan, record: &Record) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut row =
            vec![record.schema.to_string(), record.scenario.clone(), record.seed.to_string(), record.variant.clone()];
        row.extend(plan.grid.iter().map(|axis| record.point.get(&axis.key).cloned().unwrap_or_default()));
        row.extend([text(&record.verdict), text(&record.expected), record.as_claimed.to_string()]);
        row.push(record.failed.join("; "));
        row.extend([text(&record.digest), text(&record.second_digest), text(&record.panic)]);
        row.extend(self.checks.iter().map(|name| record.checks.get(name).cloned().unwrap_or_default()));
        let holds = |id: &String| record.claims.get(id).map_or(String::new(), |claim| claim.holds.to_string());
        row.extend(self.claims.iter().map(holds));
        row.extend(self.metrics.iter().map(|key| record.metrics.get(key).map_or(String::new(), u64::to_string)));
        row
    }
}

fn extend<'a>(known: &mut BTreeSet<String>, keys: impl Iterator<Item = &'a String>) {
    for key in keys {
        if !known.contains(key) {
            known.insert(key.clone());
        }
    }
}

/// Writes all files into `dir` and says what the runs add up to. All tasks of the shard must be in the index.
///
/// # Errors
/// Of the file system. Nothing gets its name before everything is written, `results.jsonl` last.
pub(crate) fn write(dir: &Path, plan: &Plan, shard: Shard, index: &mut Index) -> io::Result<Summary> {
    let mut lines = Pending::new(dir, RESULTS)?;
    let mut table = csv::Writer::from_writer(Pending::new(dir, TABLE)?);
    let columns = index.columns.clone();
    table.write_record(columns.header(plan))?;
    let mut fold = Fold::new(plan, shard);
    for task in shard.tasks(plan.tasks()) {
        let text = index.lines(task)?;
        lines.write_all(text.as_bytes())?;
        for record in parse(&text)? {
            table.write_record(columns.row(plan, &record))?;
            fold.add(&record);
        }
    }
    let summary = fold.finish();
    let table = table.into_inner().map_err(|error| error.into_error())?;
    let mut all = vec![table, whole(dir, SUMMARY, &json::pretty(&summary))?];
    if let Some((name, svg)) = figure::draw(plan, shard, &summary).map_err(io::Error::other)? {
        all.push(whole(dir, name, &svg)?);
    }
    all.push(lines);
    files::publish(all)?;
    Ok(summary)
}

/// A file that is not yet called so, with all of its text.
pub(crate) fn whole(dir: &Path, name: &str, text: &str) -> io::Result<Pending> {
    let mut file = Pending::new(dir, name)?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}
