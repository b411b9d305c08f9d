//! `compare`: the metrics of two variants side by side.

use std::collections::BTreeSet;

use gridlock_scenarios::outcome::{Outcome, VariantOutcome};

use crate::args::CompareArgs;
use crate::commands::play::play;
use crate::human::{Cell, badge, ink, metric, paint, repeat, signed, table};
use crate::lab::Lab;
use crate::term::{Exit, Failure, Term};

pub(crate) fn compare(lab: &dyn Lab, args: &CompareArgs, term: &mut Term) -> Result<Exit, Failure> {
    let variants = pair(lab, args)?;
    let outcome = play(lab, &args.world.request(args.seed, &variants, args.play.options()), term)?.outcome;
    let [left, right] = chosen(&outcome, &variants)?;
    let mut text = head(&outcome, [left, right]);
    text += &format!("\n{}", differences(left, right));
    for variant in [left, right] {
        let again = repeat(term.style.command, &outcome, Some(&variant.name), &args.world.set);
        text += &format!("\n{}", paint(ink::NAME, &again));
    }
    term.data(&(text + "\n"))?;
    Ok(Exit::claimed(left.as_claimed() && right.as_claimed()))
}

/// The two variants to play. The first two are looked up, so that no other is played for nothing.
fn pair(lab: &dyn Lab, args: &CompareArgs) -> Result<Vec<String>, Failure> {
    let twice = || Failure::Usage("give --variant exactly twice, with two names, or not at all".to_owned());
    match args.variants.as_slice() {
        [] => {
            let variants = lab.explain(&args.world.scenario)?.variants;
            Ok(variants.into_iter().take(2).map(|variant| variant.name).collect())
        }
        [left, right] if left != right => Ok(args.variants.clone()),
        _ => Err(twice()),
    }
}

/// The outcomes in the order in which they were asked for, which need not be that of the file.
fn chosen<'a>(outcome: &'a Outcome, names: &[String]) -> Result<[&'a VariantOutcome; 2], Failure> {
    let find = |name: &String| outcome.variants.iter().find(|variant| variant.name == *name);
    match names.iter().filter_map(find).collect::<Vec<_>>()[..] {
        [left, right] => Ok([left, right]),
        _ => Err(Failure::Usage(format!("`{}` has no two variants to compare", outcome.scenario))),
    }
}

fn head(outcome: &Outcome, variants: [&VariantOutcome; 2]) -> String {
    let facts = format!("{} · seed {}", outcome.scenario, outcome.seed);
    let mut text = format!("{}\n{}\n\n", paint(ink::STRONG, &outcome.title), paint(ink::FAINT, &facts));
    let width = variants.iter().map(|variant| variant.name.chars().count()).max().unwrap_or(0);
    for variant in variants {
        text += &format!("{} {:width$}  {}\n", badge(variant.verdict.kind), variant.name, variant.title);
    }
    text
}

/// A row for each metric that differs; in one line, how many do not.
fn differences(left: &VariantOutcome, right: &VariantOutcome) -> String {
    let keys: BTreeSet<&str> = left.metrics.keys().chain(right.metrics.keys()).map(String::as_str).collect();
    let equal = |key: &&str| left.metrics.get(*key) == right.metrics.get(*key);
    let (same, differ): (Vec<&str>, Vec<&str>) = keys.into_iter().partition(equal);
    let faint = |text: &str| Cell::new(text, ink::FAINT);
    let mut rows = vec![vec![faint(""), faint(&left.name), faint(&right.name), faint("difference"), faint("ratio")]];
    rows.extend(differ.iter().map(|key| row(key, left.metrics.get(*key), right.metrics.get(*key))));
    let counts = format!("  {} metrics differ, {} are equal\n", differ.len(), same.len());
    let body = if differ.is_empty() { String::new() } else { table(1, &rows) };
    body + &paint(ink::FAINT, &counts)
}

fn row(key: &str, left: Option<&u64>, right: Option<&u64>) -> Vec<Cell> {
    let show = |value: Option<&u64>| Cell::plain(value.map_or_else(|| "–".to_owned(), |value| metric(key, *value)));
    let mut row = vec![Cell::plain(key), show(left), show(right)];
    if let (Some(&left), Some(&right)) = (left, right) {
        row.push(Cell::plain(signed(i128::from(right) - i128::from(left), |size| metric(key, size))));
        row.push(Cell::new(ratio(left, right), ink::FAINT));
    }
    row
}

fn ratio(left: u64, right: u64) -> String {
    if left == 0 || right == 0 {
        return String::new();
    }
    match right as f64 / left as f64 {
        ratio @ 9.95.. => format!("×{ratio:.0}"),
        ratio @ 0.0995.. => format!("×{ratio:.2}"),
        ratio => format!("÷{:.0}", 1.0 / ratio),
    }
}
