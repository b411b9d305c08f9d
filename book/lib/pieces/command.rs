//! The line that plays a scenario.

use gridlock_scenarios::format::shell_word;

use crate::desk::Fault;
use crate::directive::{Place, Words};

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
    for set in &asked.set {
        line += &format!(" --set {}", shell_word(set));
    }
    Ok(if place.alone { format!("```sh\n{line}\n```") } else { format!("`{line}`") })
}
