//! Faults: shaded in every panel, and told in words above the columns that share them.

use std::collections::BTreeMap;

use gridlock_sim::report::FaultWindow;

use crate::canvas::{Canvas, Layer, ink};
use crate::layout::Layout;
use crate::page::PLAIN;
use crate::theme::{LEADING, PX, TEXT};
use crate::{Column, FigureError, text};

/// Lines of words about one column at most.
const LINES_MAX: usize = 8;
/// Width of the patch before the words, with its distance.
const PATCH: i32 = 16 * PX;

/// What goes wrong in neighbouring columns, as lines from their left edge on.
#[derive(Debug)]
pub(crate) struct Told {
    x: i32,
    lines: Vec<String>,
}

/// Words over each run of columns with the same faults.
pub(crate) fn told(columns: &[Column], spans: &[(i32, i32)]) -> Vec<Told> {
    let mut told = Vec::new();
    let mut from = 0;
    for run in columns.chunk_by(|a, b| a.report.faults == b.report.faults) {
        let (first, last) = (spans[from], spans[from + run.len() - 1]);
        from += run.len();
        let words = words(&run[0].report.faults, run[0].report.duration_us).join("; ");
        if !words.is_empty() {
            told.push(Told { x: first.0, lines: text::wrap(&words, TEXT, last.1 - first.0 - PATCH, LINES_MAX) });
        }
    }
    told
}

/// Number of lines that the words take.
pub(crate) fn lines(told: &[Told]) -> i32 {
    told.iter().map(|t| t.lines.len() as i32).max().unwrap_or(0)
}

/// Beginning, end and kind of a fault, and whom it hits.
type Phrase<'a> = ((u64, u64, &'a str), Vec<&'a str>);

/// One phrase for each time and kind, e.g. `kafka-2, kafka-3: down, 40–75 s`.
fn words(faults: &[FaultWindow], duration_us: u64) -> Vec<String> {
    let mut phrases: Vec<Phrase> = Vec::new();
    for fault in faults {
        let (who, what) = fault.name.split_once(": ").unwrap_or(("", &fault.name));
        let key = (fault.from_us, fault.until_us, what);
        match phrases.iter_mut().find(|(found, _)| *found == key) {
            Some((_, all)) => all.push(who),
            None => phrases.push((key, vec![who])),
        }
    }
    let repeated = repetitions(&phrases);
    let phrase = |((from_us, until_us, what), who): &Phrase| {
        let who = crowd(who);
        let subject = if who.is_empty() { String::new() } else { format!("{who}: ") };
        format!("{subject}{what}, {}", span(*from_us, *until_us, duration_us))
    };
    let shown = phrases.iter().filter(|((from_us, _, what), who)| repeated.get(&(*what, who.clone())) == Some(from_us));
    shown.map(phrase).collect()
}

/// The first beginning of each fault: one that comes again is told once.
fn repetitions<'a>(phrases: &[Phrase<'a>]) -> BTreeMap<(&'a str, Vec<&'a str>), u64> {
    let mut first = BTreeMap::new();
    for ((from_us, _, what), who) in phrases {
        first.entry((*what, who.clone())).or_insert(*from_us);
    }
    first
}

/// Names with what they have in common said once: `leader↔kafka-1, kafka-2`.
fn crowd(who: &[&str]) -> String {
    let arrow = |name: &str| name.replace("<->", "↔").replace("->", "→");
    let stem = |name: &str| name.find(['↔', '→']).map(|at| name[..at + '→'.len_utf8()].to_owned());
    let names: Vec<String> = who.iter().map(|name| arrow(name)).collect();
    let rest = |name: &String| match (stem(&names[0]), stem(name)) {
        (Some(first), Some(own)) if first == own => name[own.len()..].to_owned(),
        _ => name.clone(),
    };
    let others = names.iter().skip(1).map(rest);
    names.iter().take(1).cloned().chain(others).collect::<Vec<_>>().join(", ")
}

/// When: `30–70 s`, `from 30 s on`, `at 30 s`.
fn span(from_us: u64, until_us: u64, duration_us: u64) -> String {
    let seconds = |us: u64| text::decimals((us as f64 / 1e5).round() / 10.0);
    match (from_us, until_us) {
        (from, until) if until >= duration_us => format!("from {} s on", seconds(from)),
        (from, until) if until == from => format!("at {} s", seconds(from)),
        (from, until) => format!("{}–{} s", seconds(from), seconds(until)),
    }
}

/// Draws the words.
pub(crate) fn draw(canvas: &mut Canvas, layout: &Layout) -> Result<(), FigureError> {
    for told in &layout.faults {
        canvas.group(&[("class", "fault-names".to_owned())], None, |layer| {
            let y = layout.faults_y;
            layer.rect((told.x, y - 6 * PX), (told.x + 10 * PX, y + 5 * PX), ink(0.14))?;
            layer.rect((told.x, y - 6 * PX), (told.x + 10 * PX, y - 5 * PX), ink(0.6))?;
            let mut lines = told.lines.iter().zip(0..);
            lines.try_for_each(|(line, n)| layer.text(line, (told.x + PATCH, y + n * LEADING), PLAIN))
        })?;
    }
    Ok(())
}

/// The shades of a panel: one for all that overlap, with a cap at the top, and a hairline where another fault begins.
pub(crate) fn shades(
    layer: &mut Layer,
    faults: &[FaultWindow],
    x: impl Fn(u64) -> i32,
    (top, bottom): (i32, i32),
) -> Result<(), FigureError> {
    let mut windows: Vec<(u64, u64)> = faults.iter().map(|f| (f.from_us, f.until_us)).collect();
    windows.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (from, until) in &windows {
        match merged.last_mut() {
            Some(last) if *from <= last.1 => last.1 = last.1.max(*until),
            _ => merged.push((*from, *until)),
        }
    }
    for (from, until) in &merged {
        // The shortest fault can still be seen.
        let (from, until) = (x(*from), x(*until).max(x(*from) + PX));
        layer.rect((from, top), (until, bottom), ink(0.1))?;
        layer.rect((from, top - PX), (until, top), ink(0.6))?;
    }
    let inside = |at: u64| merged.iter().any(|(from, until)| *from < at && at < *until);
    let mut edges: Vec<u64> =
        windows.iter().flat_map(|(from, until)| [*from, *until]).filter(|at| inside(*at)).collect();
    edges.sort_unstable();
    edges.dedup();
    edges.into_iter().try_for_each(|at| layer.path(&[(x(at), top), (x(at), bottom)], ink(0.3), 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(name: &str, from: u64, until: u64) -> FaultWindow {
        FaultWindow { name: name.to_owned(), from_us: from * 1_000_000, until_us: until * 1_000_000 }
    }

    #[test]
    fn faults_of_one_kind_and_time_are_told_together() {
        let faults = [
            fault("a<->b: link cut", 10, 20),
            fault("a<->c: link cut", 10, 20),
            fault("a: down", 15, 60),
            fault("a: down", 80, 90),
            fault("b: crash", 30, 30),
        ];
        assert_eq!(words(&faults, 90_000_000), ["a↔b, c: link cut, 10–20 s", "a: down, 15–60 s", "b: crash, at 30 s"]);
        assert_eq!(words(&faults[2..3], 60_000_000), ["a: down, from 15 s on"]);
    }
}
