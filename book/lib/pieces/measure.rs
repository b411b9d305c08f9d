//! A table of measurements: variants as columns, metrics as rows.
//!
//! ```text
//! measure cascade
//! | healthy | grpc
//! verdict | verdict
//! pages served | browse.ok
//! orders back after the fault | orders.recovery_ms as s
//! ```

use crate::desk::{Asked, Fault, wrong};
use crate::directive::{Place, target};
use crate::fill::fill_text;
use crate::form;
use crate::html::escape;

/// As many columns are set in ordinary type.
const COLUMNS: usize = 4;

/// A Markdown table. The first line names the variants, each further one a row: label, bar, metric. A column may be changed with
/// `--set`, and a label may contain directives.
pub(crate) fn measure(place: &Place, scenario: &str, body: &str) -> Result<String, Fault> {
    let mut lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
    let Some(first) = lines.next().and_then(|line| line.strip_prefix('|')) else {
        return wrong("the table has no columns", "begin with a line `| VARIANT | VARIANT`");
    };
    let columns: Vec<&str> = first.split('|').map(str::trim).filter(|name| !name.is_empty()).collect();
    let mut table = format!("|  | {} |\n|---|{}\n", heads(&columns), "---:|".repeat(columns.len()));
    for line in lines {
        let Some((label, metric)) = line.rsplit_once('|') else {
            return wrong(format!("`{line}` is no row"), "write `LABEL | METRIC [as FORM]`");
        };
        let label = fill_text(place, label.trim())?;
        let (key, form) =
            metric.trim().split_once(" as ").map_or((metric.trim(), None), |(key, form)| (key, Some(form.trim())));
        let mut row = format!("| {label} |");
        for column in &columns {
            row += &format!(" {} |", cell(place, scenario, column, key, form)?);
        }
        table += &format!("{row}\n");
    }
    let many = if columns.len() > COLUMNS { " gl-many" } else { "" };
    Ok(format!("<div class=\"gl-scroll gl-measure{many}\">\n\n{table}\n</div>\n"))
}

/// Names of variants; what is changed in one stands below it, a line each, without the world it lies in.
fn heads(columns: &[&str]) -> String {
    let name = |column: &&str| match column.split_once(" --set ") {
        Some((name, set)) => {
            let short = |set: &str| breakable(set.trim().trim_matches('\'').trim_start_matches("world."));
            let sets: Vec<String> = set.split(" --set ").map(short).collect();
            format!("{}<br><small>{}</small>", name.trim(), sets.join("<br>"))
        }
        None => (*column).to_string(),
    };
    columns.iter().map(name).collect::<Vec<_>>().join(" | ")
}

/// A change that may be broken behind each dot and before its value.
fn breakable(set: &str) -> String {
    escape(set).replace('.', ".<wbr>").replace('=', "=<wbr>")
}

fn cell(place: &Place, scenario: &str, column: &str, key: &str, form: Option<&str>) -> Result<String, Fault> {
    let mut parts = column.split(" --set ").map(str::trim);
    let name = parts.next().unwrap_or_default();
    let (scenario, variant) = match target(name) {
        (scenario, Some(variant)) => (scenario, variant),
        (variant, None) => (scenario, variant),
    };
    let set = parts.map(|set| set.trim_matches('\'').to_string()).collect();
    let asked = Asked { scenario: scenario.into(), variant: Some(variant.into()), seed: None, set };
    let run = place.desk.run(&asked)?;
    // A phase that this run does not have, though the key is one that others have.
    let elsewhere = || place.desk.outcome(scenario).map(|all| all.variants.iter().any(|v| v.metrics.contains_key(key)));
    if !run.metrics.contains_key(key) && elsewhere()? {
        return Ok(if key.contains("permille") { "–".into() } else { "0".into() });
    }
    let shown = form::value(run, key, form)?;
    // A number stays with its unit, words may be broken.
    Ok(if shown.starts_with(|c: char| c.is_ascii_digit()) { shown.replace(' ', "\u{a0}") } else { shown })
}
