//! What a scenario claims of its runs, with what was measured.

use gridlock_scenarios::format::{metric, number, signed};
use gridlock_scenarios::outcome::{ClaimOutcome, VariantOutcome};
use gridlock_scenarios::spec::suggest;

use crate::desk::{Fault, wrong};
use crate::directive::{Place, Words, target};
use crate::html::escape;
use crate::pieces::ledger::tested_by;

/// A table of all claims, or of those about one variant.
pub(crate) fn claims(place: &Place, words: &Words) -> Result<String, Fault> {
    let (scenario, only) = target(&words.plain[0]);
    let asked = words.asked();
    place.desk.check(&asked)?;
    let outcome = place.desk.outcome(scenario)?;
    let mut rows = String::new();
    let mut lucks = String::new();
    for variant in outcome.variants.iter().filter(|variant| only.is_none_or(|only| only == variant.name)) {
        rows.extend(variant.claims.iter().map(|claim| row(place, scenario, variant, claim)));
        lucks.extend(luck(variant));
    }
    let head = "<tr><th>claim, and why</th><th>of</th><th>wanted</th><th>measured</th><th>holds</th></tr>";
    Ok(format!(
        "<div class=\"gl-scroll\"><table class=\"gl-claims\"><thead>{head}</thead><tbody>\n{rows}</tbody></table></div>\n{lucks}"
    ))
}

/// How often another seed is not as the scenario says.
fn luck(variant: &VariantOutcome) -> Option<String> {
    let luck = variant.luck.as_ref()?;
    let (name, because) = (escape(&variant.name), escape(&luck.because));
    let (seeds, of) = (number(luck.seeds), number(luck.of));
    Some(format!(
        "<p class=\"gl-luck\">With {seeds} of {of} seeds <code>{name}</code> goes another way: {because}.</p>\n"
    ))
}

fn row(place: &Place, scenario: &str, variant: &VariantOutcome, claim: &ClaimOutcome) -> String {
    let mark = if claim.holds {
        "<td class=\"gl-yes\" data-label=\"holds\">yes</td>"
    } else {
        "<td class=\"gl-no\" data-label=\"holds\">no</td>"
    };
    format!(
        "<tr id=\"claim-{scenario}-{id}-{of}\"><td><code>{id}</code> {tests}<br>{because}</td><td data-label=\"of\"><code>{of}</code></td>\
         <td data-label=\"wanted\"><code>{key}</code> <span class=\"gl-number\">{op}\u{a0}{wanted}</span></td><td class=\"gl-number\" data-label=\"measured\">{measured}</td>{mark}</tr>\n",
        id = escape(&claim.id),
        tests = tested_by(place, scenario, Some(&claim.id)).join(" "),
        of = escape(&variant.name),
        key = breakable(&claim.metric),
        op = escape(&claim.op),
        wanted = shown(&claim.metric, claim.expected),
        measured = shown(&claim.metric, claim.measured),
        because = escape(&claim.because),
    )
}

/// One claim in a sentence: `metric op wanted: measured`.
pub(crate) fn claim(place: &Place, words: &Words) -> Result<String, Fault> {
    let (scenario, id) = target(&words.plain[0]);
    let outcome = place.desk.outcome(scenario)?;
    let id = id.unwrap_or_default();
    let all = || outcome.variants.iter().flat_map(|variant| &variant.claims);
    let Some(claim) = all().find(|claim| claim.id == id) else {
        let known: Vec<String> = all().map(|claim| claim.id.clone()).collect();
        return wrong(format!("`{scenario}` has no claim `{id}`"), suggest(id, &known));
    };
    let measured = shown(&claim.metric, claim.measured);
    Ok(format!(
        "<code title=\"{}\">{}</code> ({} {}; measured {measured})",
        escape(&claim.because),
        escape(&claim.id),
        escape(&claim.op),
        shown(&claim.metric, claim.expected)
    ))
}

/// A key that may be broken behind each of its words.
fn breakable(key: &str) -> String {
    escape(key).replace('.', ".<wbr>").replace('_', "_<wbr>")
}

fn shown(key: &str, value: i64) -> String {
    signed(value.into(), |size| metric(key, size)).trim_start_matches('+').replace(' ', "\u{a0}")
}
