//! The line that plays a scenario.

use gridlock_scenarios::format::shell_word;

use crate::desk::Fault;
use crate::directive::{Place, Words};

/// A longer line is broken in front of each `--set`.
const LINE: usize = 76;

/// A block to copy if it has its line for itself, else code in the sentence. The run is checked, not played.
pub(crate) fn command(place: &Place, words: &Words) -> Result<String, Fault> {
    let asked = words.asked();
    place.desk.check(&asked)?;
    let mut line = format!("cargo lab run {}", shell_word(&asked.scenario));
    if let Some(variant) = &asked.variant {
        line += &format!(" --variant {}", shell_word(variant));
    }
    if let Some(seed) = asked.seed {
        line += &format!(" --seed {seed}");
    }
    let sets: Vec<String> = asked.set.iter().map(|set| format!("--set {}", shell_word(set))).collect();
    let length = line.len() + sets.iter().map(|set| set.len() + 1).sum::<usize>();
    let between = if place.alone && length > LINE { " \\\n    " } else { " " };
    sets.iter().for_each(|set| line += &format!("{between}{set}"));
    Ok(if place.alone { format!("```sh\n{line}\n```") } else { format!("`{line}`") })
}
