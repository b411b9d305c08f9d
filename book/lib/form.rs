//! How a value of a run is written: by the unit at the end of its key, or as the directive asks.

use gridlock_scenarios::format::{bytes, number, span_us};
use gridlock_scenarios::outcome::VariantOutcome;
use gridlock_scenarios::spec::suggest;

use crate::desk::{Fault, wrong};

/// Names of the forms that a directive may ask for with `as`.
pub(crate) const FORMS: [&str; 8] = ["number", "raw", "time", "s", "ms", "percent", "bytes", "times"];

/// What a metric says, in words.
pub(crate) fn value(run: &VariantOutcome, key: &str, form: Option<&str>) -> Result<String, Fault> {
    match key {
        "verdict" => return Ok(run.verdict.kind.text().to_string()),
        "verdict.reason" => return Ok(run.verdict.reason.clone()),
        _ => {}
    }
    if let Some(name) = key.strip_prefix("check.") {
        return check(run, name);
    }
    let value = metric(run, key)?;
    if form.is_none() && served_nobody(run, key) {
        return Ok("–".into());
    }
    let recovery = key.ends_with("recovery_ms") || key.ends_with("drained_ms");
    match (form, recovery) {
        (None, true) if value * 1000 >= run.report.duration_us => Ok("not within the run".into()),
        (None, true) if value == 0 => Ok("at once".into()),
        (Some(form), _) => shown(in_base_unit(key, value), form),
        (None, _) => Ok(by_key(key, value)),
    }
}

/// The number itself. A count that this run lacks though others have it never happened: zero.
pub(crate) fn metric(run: &VariantOutcome, key: &str) -> Result<u64, Fault> {
    match run.metrics.get(key) {
        Some(value) => Ok(*value),
        None => {
            let known: Vec<String> = run.metrics.keys().cloned().collect();
            let message = format!("`{}` has no metric `{key}`", run.name);
            wrong(message, format!("{} (`cargo lab run … --format json` shows all)", suggest(key, &known)))
        }
    }
}

/// A time of those who were served, when nobody was.
fn served_nobody(run: &VariantOutcome, key: &str) -> bool {
    let class = key.rsplit_once('.').filter(|(_, last)| ["p50_us", "p99_us", "max_us"].contains(last));
    class.and_then(|(class, _)| run.report.classes.get(class)).is_some_and(|class| class.ok == 0)
}

fn check(run: &VariantOutcome, name: &str) -> Result<String, Fault> {
    let (name, first) = name.strip_suffix(".first").map_or((name, false), |name| (name, true));
    let Some(check) = run.checks.get(name) else {
        let known: Vec<String> = run.checks.keys().cloned().collect();
        return wrong(format!("there is no check `{name}`"), suggest(name, &known));
    };
    Ok(match (first, check.held, &check.first_violation) {
        (true, false, Some(first)) => first.clone(),
        (true, ..) => "never".into(),
        (false, true, _) => "held".into(),
        (false, false, _) => "violated".into(),
    })
}

fn by_key(key: &str, value: u64) -> String {
    let unit = |name: &str| key.rsplit('.').any(|part| part.ends_with(name));
    if unit("_us") {
        span_us(value)
    } else if unit("_ms") {
        span_us(value * 1000)
    } else if unit("permille") {
        permille(value)
    } else if key.ends_with("bytes") {
        bytes(value)
    } else {
        number(value)
    }
}

/// Thousandths as per cents: `557` is `55.7 %`.
fn permille(value: u64) -> String {
    match value % 10 {
        0 => format!("{} %", number(value / 10)),
        tenth => format!("{}.{tenth} %", number(value / 10)),
    }
}

/// The value in the base unit of its form: microseconds, bytes, one; shares as a fraction.
pub(crate) fn in_base_unit(key: &str, value: u64) -> f64 {
    match key {
        _ if key.ends_with("_ms") => value as f64 * 1000.0,
        _ if key.contains("permille") => value as f64 / 1000.0,
        _ => value as f64,
    }
}

/// A number in base units, as one of [`FORMS`].
pub(crate) fn shown(value: f64, form: &str) -> Result<String, Fault> {
    let whole = |value: f64| value.round().max(0.0) as u64;
    Ok(match form {
        "number" => number(whole(value)),
        "raw" => short(value),
        "time" => span_us(whole(value)),
        "s" => format!("{} s", short(value / 1e6)),
        "ms" => format!("{} ms", short(value / 1e3)),
        "percent" => format!("{} %", short(value * 100.0)),
        "bytes" => bytes(whole(value)),
        "times" => format!("{} times", short(value)),
        other => {
            let known = FORMS.map(str::to_string);
            return wrong(format!("there is no form `{other}`"), suggest(other, &known));
        }
    })
}

/// Three digits, without zeros at the end.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        99.95.. => 0,
        9.995.. => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        number(value.round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_says_the_unit() {
        let shown = |key, value| by_key(key, value).to_string();
        assert_eq!(shown("orders.p50_us", 28_800), "28.8 ms");
        assert_eq!(shown("orders.recovery_ms", 27_000), "27 s");
        assert_eq!(shown("browse.ok_permille.during", 557), "55.7 %");
        assert_eq!(shown("browse.ok_permille.during", 1000), "100 %");
        assert_eq!(shown("peak.gateway/heap.bytes", 96 << 20), "96 MiB");
        assert_eq!(shown("browse.ok", 7313), "7,313");
    }

    #[test]
    fn a_form_says_another() {
        assert_eq!(shown(in_base_unit("orders.recovery_ms", 2_500), "s"), Ok("2.5 s".into()));
        assert_eq!(shown(0.4567, "percent"), Ok("45.7 %".into()));
        assert_eq!(shown(18_932.0, "raw"), Ok("18,932".into()));
        assert!(shown(1.0, "secnods").is_err());
    }
}
