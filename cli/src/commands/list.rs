//! `list`: what there is to play.

use crate::human::{ink, paint, wrap};
use crate::lab::{Entry, Lab};
use crate::term::{Exit, Failure, Term};

pub(crate) fn list(lab: &dyn Lab, term: &mut Term) -> Result<Exit, Failure> {
    let entries = lab.list();
    let text: Vec<String> = entries.iter().map(|entry| self::entry(entry, term.style.width)).collect();
    term.data(&text.join("\n"))?;
    if let Some(first) = entries.first() {
        let command = term.style.command;
        term.remark(&paint(
            ink::FAINT,
            &format!("\nTry `{command} explain {name}`, then `{command} run {name}`.\n", name = first.name),
        ))?;
    }
    Ok(Exit::AsClaimed)
}

fn entry(entry: &Entry, width: usize) -> String {
    let mut text = format!("{}  {}\n", paint(ink::NAME.bold(), &entry.name), paint(ink::STRONG, &entry.title));
    for line in wrap(&entry.summary, width.saturating_sub(2).max(20)) {
        text += &format!("  {line}\n");
    }
    let longest = entry.variants.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, title) in &entry.variants {
        text += &format!("    {}  {}\n", paint(ink::NAME, &format!("{name:longest$}")), paint(ink::FAINT, title));
    }
    text
}
