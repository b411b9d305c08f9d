//! Conditions on what was measured: `METRIC OP VALUE`.

use gridlock_scenarios::outcome::VariantOutcome;

/// What the run has of a condition, and whether it is met.
///
/// # Errors
/// When it is no condition.
pub(crate) fn met(run: &VariantOutcome, condition: &str) -> Result<(String, bool), String> {
    let words: Vec<&str> = condition.split_whitespace().collect();
    let [metric, op, wanted] = words[..] else {
        return Err(format!("`{condition}` is no condition; write `METRIC OP VALUE`"));
    };
    if metric == "verdict" && op == "==" {
        let verdict = run.verdict.kind.text();
        return Ok((verdict.into(), verdict == wanted));
    }
    let wanted: u64 = wanted.parse().map_err(|_| format!("`{wanted}` is no whole number"))?;
    let measured = run.metrics.get(metric).copied().unwrap_or(0);
    let met = match op {
        "<" => measured < wanted,
        "<=" => measured <= wanted,
        ">" => measured > wanted,
        ">=" => measured >= wanted,
        "==" => measured == wanted,
        _ => return Err(format!("`{op}` compares nothing; write one of < <= > >= ==")),
    };
    Ok((measured.to_string(), met))
}
