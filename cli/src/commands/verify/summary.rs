//! What `verify` says to people.

use std::collections::BTreeMap;
use std::ops::Range;

use gridlock_sim::report::VerdictKind;

use super::{Check, Played, Tally, Trouble, columns, disagreeing};
use crate::commands::again::Way;
use crate::human::{Cell, History, KINDS, ink, paint, repeat, table};

/// Seeds named where a verdict is not the expected one.
const NAMED_MAX: usize = 8;

impl Check<'_> {
    /// The verdicts of all seeds.
    pub(super) fn summary(&self, runs: &[Played], command: &str) -> String {
        let Range { start, end } = self.seeds;
        let facts = match self.args.chaos {
            true => format!("chaos with seeds {start}..{end}"),
            false => format!("seeds {start}..{end}, at least {} of {} as expected", self.at_least, end - start),
        };
        let mut text = format!("{}  {}\n\n", paint(ink::STRONG, self.scenario), paint(ink::FAINT, &facts));
        let variants = columns(runs);
        let mut heads = vec!["", "expected"];
        heads.extend(KINDS.map(VerdictKind::text));
        heads.push(if self.args.chaos { "safe, and alive in the end" } else { "all claims hold" });
        let mut rows = vec![heads.into_iter().map(|head| Cell::new(head, ink::FAINT)).collect()];
        rows.extend(variants.iter().map(|variant| row(variant)));
        text += &table(2, &rows);
        text += "\n";
        let judge = |variant: &Vec<_>| match self.args.chaos {
            true => self.troubles(variant, command),
            false => self.judgement(variant, command),
        };
        text.extend(variants.iter().map(judge));
        text
    }

    /// One line for a variant, and the seeds that differ with the line that shows the first of them.
    fn judgement(&self, variant: &[(u64, &Tally)], command: &str) -> String {
        let Some(wanted) = &variant[0].1.expected else { return String::new() };
        let name = &variant[0].1.name;
        let others = disagreeing(variant, false);
        let good = variant.len() - others.len();
        let mark = if self.fine(variant) { paint(ink::GOOD, "✓") } else { paint(ink::BAD, "✗") };
        let mut text = format!("{mark} {name}: {good} of {} seeds are {wanted}\n", variant.len());
        if let Some(&seed) = others.first() {
            let history = History { scenario: self.scenario, seed, ties: None, chaos: false };
            let again = repeat(command, history, Some(name), &self.args.set);
            text += &format!("    not so: {}\n    {}\n", listed(&others), paint(ink::NAME, &again));
        }
        text
    }

    /// In how many ways which seeds are one history, and their digests.
    pub(super) fn one_history(&self, runs: &[Played], ways: &[Way]) -> String {
        let seeds: Vec<String> = runs.iter().map(|played| played.seed.to_string()).collect();
        let word = if seeds.len() == 1 { "Seed" } else { "Each of the seeds" };
        let ways: Vec<&str> = ways.iter().map(|way| way.text()).collect();
        let say = format!("✓ {word} {} is one history: {}.", seeds.join(" and "), ways.join(", "));
        let digests = runs[0].variants.iter().map(|tally| format!("  {} {}\n", tally.name, tally.digest));
        format!("{}\n{}", paint(ink::GOOD, &say), paint(ink::FAINT, &digests.collect::<String>()))
    }

    /// What went wrong under chaos: each trouble with its seeds and the line that shows the first of them.
    fn troubles(&self, variant: &[(u64, &Tally)], command: &str) -> String {
        let name = &variant[0].1.name;
        let mut seeds: BTreeMap<&Trouble, Vec<u64>> = BTreeMap::new();
        for (seed, tally) in variant {
            tally.troubles.iter().for_each(|trouble| seeds.entry(trouble).or_default().push(*seed));
        }
        if seeds.is_empty() {
            return format!("{} {name}: safe and alive with all of {} seeds\n", paint(ink::GOOD, "✓"), variant.len());
        }
        let told = seeds.iter().map(|(trouble, seeds)| {
            let history = History { scenario: self.scenario, seed: seeds[0], ties: None, chaos: true };
            let again = paint(ink::NAME, &repeat(command, history, Some(name), &self.args.set));
            let count = format!("{} of {}", seeds.len(), variant.len());
            format!("{} {name} {} with {count}: {}\n    {again}\n", paint(ink::BAD, "✗"), trouble.text(), listed(seeds))
        });
        told.collect()
    }
}

impl Trouble {
    fn text(&self) -> String {
        match self {
            Trouble::Fails(claim) => format!("fails {claim}"),
            Trouble::Violates(check) => format!("violates {check}"),
        }
    }
}

fn row(variant: &[(u64, &Tally)]) -> Vec<Cell> {
    let first = variant[0].1;
    let wanted = first.expected.as_deref();
    let mut row = vec![Cell::plain(&first.name), Cell::plain(wanted.unwrap_or("any"))];
    for kind in KINDS {
        let count = variant.iter().filter(|(_, tally)| tally.kind == kind).count();
        let style = match wanted {
            _ if count == 0 => ink::FAINT,
            Some(word) if word == kind.text() => ink::GOOD,
            Some(_) => ink::BAD,
            None => ink::PLAIN,
        };
        row.push(Cell::new(if count == 0 { "·".to_owned() } else { count.to_string() }, style));
    }
    let claimed = variant.iter().filter(|(_, tally)| tally.as_claimed).count();
    row.push(Cell::plain(format!("{claimed}/{}", variant.len())));
    row
}

fn listed(seeds: &[u64]) -> String {
    let named: Vec<String> = seeds.iter().take(NAMED_MAX).map(u64::to_string).collect();
    let more = if seeds.len() > NAMED_MAX { format!(" and {} more", seeds.len() - NAMED_MAX) } else { String::new() };
    let word = if seeds.len() == 1 { "seed" } else { "seeds" };
    format!("{word} {}{more}", named.join(", "))
}
