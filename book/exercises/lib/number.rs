//! A number that was worked out, beside what the runs say. What they say is not told: it is to be worked out.

use gridlock_scenarios::outcome::VariantOutcome;

use crate::answer::Finding;
use crate::exercise::{Number, Unit};
use crate::goal::measured;

/// Whether a number is near what was measured, with every seed; if not, in which direction it is wrong.
pub(crate) fn judge(asked: &Number, said: f64, outcomes: &[(u64, VariantOutcome)]) -> Result<Finding, String> {
    let mut each = Vec::new();
    for (seed, run) in outcomes {
        let value = measured(&run.metrics, &asked.metric)? as f64 * factor(asked)?;
        let room = value * f64::from(asked.within_percent) / 100.0;
        each.push((*seed, side(said, value, room)));
    }
    let met_in = each.iter().filter(|(_, side)| side.is_none()).count() as u64;
    let off = each.iter().find_map(|(seed, side)| side.map(|side| (*seed, side)));
    let unit = match asked.unit {
        Unit::Plain => "",
        Unit::Seconds => " s",
        Unit::Percent => " %",
    };
    Ok(Finding {
        run: asked.run.clone(),
        wanted: format!("{} within {} %", asked.metric, asked.within_percent),
        measured: off.map_or_else(|| format!("{said}{unit} is near"), |(_, side)| format!("{said}{unit} is {side}")),
        seed: off.map(|(seed, _)| seed),
        met_in,
        of: each.len() as u64,
        met: off.is_none(),
    })
}

fn side(said: f64, value: f64, room: f64) -> Option<&'static str> {
    if said < value - room {
        Some("too low")
    } else if said > value + room {
        Some("too high")
    } else {
        None
    }
}

/// From the unit of the metric to that of the answer.
fn factor(asked: &Number) -> Result<f64, String> {
    let metric = &*asked.metric;
    match asked.unit {
        Unit::Plain => Ok(1.0),
        Unit::Seconds if metric.ends_with("_us") => Ok(1e-6),
        Unit::Seconds if metric.ends_with("_ms") => Ok(1e-3),
        Unit::Percent if metric.contains("permille") => Ok(0.1),
        unit => Err(format!("`{metric}` is not told as {unit:?}")),
    }
}
