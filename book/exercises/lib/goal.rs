//! Conditions on what was measured: `METRIC OP VALUE`.

use std::collections::BTreeMap;

use gridlock_scenarios::format::{Quantity, metric, quantity};
use gridlock_scenarios::outcome::VariantOutcome;
use gridlock_scenarios::spec::{Override, suggest};

/// What the run has of a condition, in words, and whether it is met.
///
/// # Errors
/// When it is no condition, or speaks of what no run has.
pub(crate) fn met(run: &VariantOutcome, condition: &str) -> Result<(String, bool), String> {
    let (name, op, wanted) = parts(condition)?;
    let word = match name.strip_prefix("check.") {
        Some(check) => Some(if check_of(run, check)? { "held" } else { "violated" }),
        None => (name == "verdict").then(|| run.verdict.kind.text()),
    };
    if let Some(word) = word {
        return match op {
            "==" => Ok((word.into(), word == wanted)),
            "!=" => Ok((word.into(), word != wanted)),
            _ => Err(format!("`{op}` does not compare words; write == or !=")),
        };
    }
    let measured = measured(&run.metrics, name)?;
    let wanted: u64 = wanted.parse().map_err(|_| format!("`{wanted}` is no whole number"))?;
    Ok((told(name, measured), compares(op, measured, wanted)?))
}

/// A metric of a run. What is counted only when it happens is zero when it did not.
pub(crate) fn measured(metrics: &BTreeMap<String, u64>, name: &str) -> Result<u64, String> {
    let counted = name.starts_with("facts.") || name.contains(".failed.");
    match metrics.get(name) {
        Some(value) => Ok(*value),
        None if counted => Ok(0),
        None => {
            let known: Vec<String> = metrics.keys().cloned().collect();
            Err(format!("no run has the metric `{name}`; {}", suggest(name, &known)))
        }
    }
}

/// Whether an answer keeps to a limit, `KEY OP VALUE`. What it does not set, it leaves as it is.
///
/// # Errors
/// When it is no limit, or the value cannot be compared.
pub(crate) fn keeps(set: &[Override], limit: &str) -> Result<bool, String> {
    let (key, op, wanted) = parts(limit)?;
    let number = |text: &str| match quantity(text.trim_matches('"')) {
        Quantity::Span(us) => Ok(us),
        Quantity::Size(size) => Ok(size),
        Quantity::Text(text) => text.parse().map_err(|_| format!("`{text}` cannot be compared with `{wanted}`")),
    };
    let mut values = set.iter().filter(|each| each.path() == key);
    values.try_fold(true, |kept, each| Ok(kept && compares(op, number(each.value())?, number(wanted)?)?))
}

fn parts(condition: &str) -> Result<(&str, &str, &str), String> {
    match condition.split_whitespace().collect::<Vec<_>>()[..] {
        [name, op, value] => Ok((name, op, value)),
        _ => Err(format!("`{condition}` is no condition; write `METRIC OP VALUE`")),
    }
}

fn check_of(run: &VariantOutcome, name: &str) -> Result<bool, String> {
    let known: Vec<String> = run.checks.keys().cloned().collect();
    let check = run.checks.get(name).ok_or_else(|| format!("there is no check `{name}`; {}", suggest(name, &known)))?;
    Ok(check.held)
}

fn compares(op: &str, measured: u64, wanted: u64) -> Result<bool, String> {
    Ok(match op {
        "<" => measured < wanted,
        "<=" => measured <= wanted,
        ">" => measured > wanted,
        ">=" => measured >= wanted,
        "==" => measured == wanted,
        _ => return Err(format!("`{op}` compares nothing; write one of < <= > >= ==")),
    })
}

/// A value as it stands in a condition and, if it has a unit, as people say it.
fn told(name: &str, value: u64) -> String {
    let said = metric(name, value);
    if said.replace(',', "") == value.to_string() { value.to_string() } else { format!("{value} ({said})") }
}
