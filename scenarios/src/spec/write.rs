//! Faults, claims and whole scenarios as the text of a file.

use gridlock_sim::engine::SimDuration;
use gridlock_sim::units::Factor;
use serde::{Serialize, Serializer};
use toml::{Table, Value};

use super::{Claim, Fault, Inject};

/// Keys of a scenario in the order in which they should be read; others follow.
const ORDER: [&str; 11] =
    ["title", "summary", "question", "duration", "warmup", "step", "seed", "world", "chaos", "workload", "fault"];
/// Keys that come first in `[[variant]]`, `[[fault]]` and the like; others follow by name.
const FIRST: [&str; 8] = ["id", "name", "title", "class", "at", "for", "variant", "metric"];
/// Tables within `[world]` that get a header; deeper ones stand in one line.
const HEADERS: usize = 3;

/// A span as a file writes it, exactly: `3.1s`, `250ms`.
pub fn span(span: SimDuration) -> String {
    let nanos = span.as_nanos();
    if nanos < 1_000_000_000 && nanos > 0 && nanos.is_multiple_of(1_000_000) {
        return format!("{}ms", nanos / 1_000_000);
    }
    let (whole, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let digits = format!("{rest:09}");
    match digits.trim_end_matches('0') {
        "" => format!("{whole}s"),
        digits => format!("{whole}.{digits}s"),
    }
}

/// Thousandths as a number of a file, whole if it is.
fn thousandths(value: u64) -> Value {
    number(value, 1000)
}

fn number(value: u64, of: u64) -> Value {
    if value.is_multiple_of(of) {
        Value::Integer(i64::try_from(value / of).unwrap_or(i64::MAX))
    } else {
        Value::Float(value as f64 / of as f64)
    }
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

impl Fault {
    /// The fault as its table in a file.
    pub fn table(&self) -> Table {
        let mut fault = table([("at", span(self.at).into()), ("inject", Value::Table(self.inject.table()))]);
        if let Some(end) = self.end() {
            fault.insert("for".into(), span(end.saturating_sub(self.at)).into());
        }
        fault
    }
}

impl Inject {
    fn table(&self) -> Table {
        let text = |name: &toml::Spanned<String>| Value::String(name.get_ref().clone());
        let what = match self {
            Inject::Slow { node, factor: Factor(factor) } => {
                table([("node", text(node)), ("factor", thousandths(*factor))])
            }
            Inject::Pause { node }
            | Inject::Crash { node }
            | Inject::Down { node }
            | Inject::Stop { node }
            | Inject::HostLoss { node } => table([("node", text(node))]),
            Inject::Cut { from, to, both: false } => table([("from", text(from)), ("to", text(to))]),
            Inject::Cut { from, to, both } => table([("from", text(from)), ("to", text(to)), ("both", (*both).into())]),
            Inject::Loss { from, to, percent } => {
                let share = number(percent.ppm().into(), 10_000);
                table([("from", text(from)), ("to", text(to)), ("percent", share)])
            }
            Inject::Delay { from, to, by } => table([("from", text(from)), ("to", text(to)), ("by", span(*by).into())]),
            Inject::PoolShrink { pool, size } => {
                table([("pool", text(pool)), ("size", Value::Integer((*size).into()))])
            }
        };
        table([(self.kind(), Value::Table(what))])
    }
}

impl Claim {
    /// The claim as its table in a file.
    pub fn table(&self) -> Table {
        let mut claim = table([
            ("id", self.id.get_ref().clone().into()),
            ("metric", self.metric.get_ref().clone().into()),
            ("op", self.op.as_str().into()),
            ("because", self.because.clone().into()),
        ]);
        if let Some(variant) = &self.variant {
            claim.insert("variant".into(), variant.get_ref().clone().into());
        }
        if let Some(value) = self.value {
            claim.insert("value".into(), value.into());
        }
        if let Some(than) = &self.than {
            let mut right =
                table([("metric", than.metric.get_ref().clone().into()), ("factor", thousandths(than.factor.0))]);
            if let Some(variant) = &than.variant {
                right.insert("variant".into(), variant.get_ref().clone().into());
            }
            claim.insert("than".into(), right.into());
        }
        claim
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.table().serialize(output)
    }
}

/// A list of faults in one line, as the value of `--set fault=…`.
pub fn faults(faults: &[Fault]) -> String {
    Value::Array(faults.iter().map(|fault| fault.table().into()).collect()).to_string()
}

/// The text of a scenario file: comment lines, then the keys in reading order.
pub fn scenario(root: &Table, comments: &[String]) -> String {
    let mut out: String = comments.iter().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect();
    if !out.is_empty() {
        out += "\n";
    }
    let known = ORDER.iter().filter_map(|key| root.get_key_value(*key));
    let others = root.iter().filter(|(key, _)| !ORDER.contains(&key.as_str()));
    let (headed, plain): (Vec<_>, Vec<_>) = known.chain(others).partition(|(_, value)| is_headed(value));
    plain.into_iter().for_each(|(key, value)| line(&mut out, key, value));
    headed.into_iter().for_each(|(key, value)| headed_value(&mut out, key, value));
    out
}

/// Whether a value gets `[…]` or `[[…]]` of its own at the top of a file.
fn is_headed(value: &Value) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_table),
        _ => false,
    }
}

fn headed_value(out: &mut String, key: &str, value: &Value) {
    match value {
        Value::Table(table) => headed_table(out, key, table, 1),
        Value::Array(items) => {
            for table in items.iter().filter_map(Value::as_table) {
                *out += &format!("\n[[{key}]]\n");
                let mut entries: Vec<(&String, &Value)> = table.iter().collect();
                entries.sort_by_key(|(key, _)| FIRST.iter().position(|first| first == key).unwrap_or(FIRST.len()));
                entries.into_iter().for_each(|(key, value)| line(out, key, value));
            }
        }
        _ => {}
    }
}

fn headed_table(out: &mut String, path: &str, table: &Table, depth: usize) {
    let (below, here): (Vec<_>, Vec<_>) = table.iter().partition(|(_, value)| depth < HEADERS && value.is_table());
    if !here.is_empty() || below.is_empty() {
        *out += &format!("\n[{path}]\n");
        here.into_iter().for_each(|(key, value)| line(out, key, value));
    }
    for (key, value) in below {
        let path = format!("{path}.{}", quoted(key));
        value.as_table().into_iter().for_each(|table| headed_table(out, &path, table, depth + 1));
    }
}

fn line(out: &mut String, key: &str, value: &Value) {
    *out += &format!("{} = {}\n", quoted(key), text(value));
}

/// A text of several lines keeps them.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains('\n') && !text.contains(['\\', '\r']) && !text.contains("\"\"\"") => {
            format!("\"\"\"\n{text}\"\"\"")
        }
        value => value.to_string(),
    }
}

fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { key.to_owned() } else { Value::String(key.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use gridlock_sim::engine::SimDuration;

    use super::*;
    use crate::catalog::{CATALOG, load};
    use crate::spec::{Ignored, Scenario};
    use crate::world::WorldSpec;

    #[test]
    fn spans_are_written_exactly() {
        for nanos in [0, 1, 999, 250_000_000, 1_500_500_001, 40_000_000_000, 3_600_000_000_000] {
            let exact = SimDuration::from_nanos(nanos);
            assert_eq!(SimDuration::parse(&span(exact)), Ok(exact));
        }
        assert_eq!(span(SimDuration::from_millis(3100)), "3.1s");
        assert_eq!(span(SimDuration::from_millis(250)), "250ms");
    }

    #[test]
    fn every_scenario_says_the_same_when_it_is_written_again() {
        for (name, _) in CATALOG {
            let scenario = load::<Ignored>(name).unwrap();
            let names = scenario.spec.variant.iter().map(|variant| variant.name.get_ref().clone());
            for variant in names.map(Some).chain([None]) {
                let mut root = scenario.merged(variant.as_deref(), &[]).unwrap();
                if variant.is_some() {
                    // The other variants change the file as it was, not what this one has made of it.
                    root.retain(|key, _| key != "variant" && key != "claim");
                }
                let text = super::scenario(&root, &["A comment.".into()]);
                let again = Scenario::<WorldSpec>::parse(name, &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
                assert_eq!(again.merged(None, &[]).unwrap(), root, "{name} {variant:?}");
            }
        }
    }
}
