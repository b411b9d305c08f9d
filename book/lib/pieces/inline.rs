//! Directives within a sentence: numbers, and where each of them comes from.

use gridlock_scenarios::format::{Quantity, bytes, number, quantity, shell_word, span_us};
use gridlock_scenarios::spec::suggest;

use crate::calc;
use crate::desk::{Asked, Fault, wrong};
use crate::directive::{Place, Words, target};
use crate::form;
use crate::html::escape;

/// A number that a run gave.
pub(crate) fn value(place: &Place, words: &Words) -> Result<String, Fault> {
    let asked = words.asked();
    let key = words.last(1, "the metric")?;
    let shown = form::value(place.desk.run(&asked)?, key, words.form.as_deref())?;
    Ok(told(&shown, &format!("{key} of {}", origin(&asked))))
}

/// When a series first was so.
pub(crate) fn when(place: &Place, words: &Words) -> Result<String, Fault> {
    let asked = words.asked();
    let usage = "write `{{when SCENARIO/VARIANT SERIES OP NUMBER [since fault|since end]}}`";
    let (series, op, limit, since) = match words.from(1, "the series")? {
        [series, op, limit] => (series, op, limit, None),
        [series, op, limit, since, what] if since == "since" => (series, op, limit, Some(what.as_str())),
        _ => return wrong("this directive has too few or too many words", usage),
    };
    let Ok(limit) = limit.parse::<u64>() else { return wrong(format!("`{limit}` is no whole number"), usage) };
    let run = place.desk.run(&asked)?;
    let Some(found) = run.report.series.get(series) else {
        let known: Vec<String> = run.report.series.keys().cloned().collect();
        return wrong(format!("`{}` has no series `{series}`", run.name), suggest(series, &known));
    };
    let zero = match since {
        None => Some(0),
        Some("fault") => run.report.faults.iter().map(|fault| fault.from_us).min(),
        Some("end") => run.report.faults.iter().map(|fault| fault.until_us).max(),
        Some(other) => return wrong(format!("`since {other}`?"), "write `since fault` or `since end`"),
    };
    let Some(zero) = zero else { return wrong(format!("`{}` has no fault", run.name), "leave out `since …`") };
    let first = (zero / run.report.step_us) as usize;
    let fits = |value: &u64| calc::holds(op, *value as f64, limit as f64);
    let at = found.values.iter().skip(first).position(|value| fits(value) == Some(true));
    match (at, calc::holds(op, 0.0, 0.0)) {
        (_, None) => wrong(format!("`{op}` compares nothing"), "write one of < <= > >= =="),
        (None, _) => {
            wrong(format!("`{series}` is never {op} {limit} in this run"), "say it otherwise: the run does not show it")
        }
        (Some(step), _) => {
            let shown = span_us((first + step) as u64 * run.report.step_us - zero);
            Ok(told(&shown, &format!("first {series} {op} {limit} in {}", origin(&asked))))
        }
    }
}

/// A number that a scenario states.
pub(crate) fn spec(place: &Place, words: &Words) -> Result<String, Fault> {
    let (scenario, variant) = target(&words.plain[0]);
    let path = words.last(1, "the path")?;
    let text = stated(place, &words.plain[0], path)?;
    let shown = match (quantity(&text), words.form.as_deref(), text.parse::<f64>()) {
        (Quantity::Span(us), form, _) => form.map_or_else(|| Ok(span_us(us)), |form| form::shown(us as f64, form))?,
        (Quantity::Size(size), form, _) => {
            form.map_or_else(|| Ok(bytes(size)), |form| form::shown(size as f64, form))?
        }
        (_, Some(form), Ok(value)) => form::shown(value, form)?,
        (_, None, Ok(value)) if value >= 0.0 && value.fract() == 0.0 => number(value as u64),
        (Quantity::Text(text), ..) => text,
    };
    let whose = variant.map_or_else(String::new, |variant| format!(", variant {variant}"));
    Ok(told(&shown, &format!("{path} in scenarios/catalog/{scenario}.toml{whose}")))
}

/// What a scenario writes at a path.
pub(crate) fn stated(place: &Place, word: &str, path: &str) -> Result<String, Fault> {
    let (scenario, variant) = target(word);
    place.desk.story(scenario)?.value_at(variant, path).map_err(|error| {
        let first = &error.problems()[0];
        Fault::Wrong(first.message().into(), first.help().unwrap_or_default().into())
    })
}

/// A number computed from others.
pub(crate) fn calculated(place: &Place, words: &Words) -> Result<String, Fault> {
    let Some(form) = words.form.as_deref() else {
        return wrong("the result needs a form", format!("end with `as FORM`, one of {}", form::FORMS.join(", ")));
    };
    let expression = words.from(1, "the expression")?;
    let result = calc::evaluate(expression, &|operand| calc::operand(place, words, operand))?;
    Ok(told(&form::shown(result, form)?, &format!("{} with {}", expression.join(" "), origin(&words.asked()))))
}

/// A number that somebody else measured or laid down.
pub(crate) fn cited(place: &Place, words: &Words) -> Result<String, Fault> {
    let id = &words.plain[0];
    let text = words.from(1, "the text")?.join(" ");
    let Some(source) = place.desk.sources.get(id) else {
        let known: Vec<String> = place.desk.sources.keys().cloned().collect();
        let help = format!("{}; sources stand in book/sources.toml", suggest(id, &known));
        return wrong(format!("there is no source `{id}`"), help);
    };
    let (text, title) = (escape(&on_one_line(&text)), escape(&source.title));
    Ok(format!(
        "{text}<sup class=\"gl-cite\"><a href=\"{}appendix/sources.html#{id}\" title=\"{title}\">{id}</a></sup>",
        place.page.to_root()
    ))
}

/// A number of a thought experiment: it is nobody's measurement, and says so when pointed at.
pub(crate) fn example(_: &Place, words: &Words) -> Result<String, Fault> {
    Ok(told(&words.plain.join(" "), "an example, not a measurement"))
}

/// The list of all sources.
pub(crate) fn sources(place: &Place, _: &Words) -> Result<String, Fault> {
    let entry = |(id, source): (&String, &crate::sources::Source)| {
        format!(
            "<dt id=\"{id}\">{id}</dt><dd><a href=\"{}\">{}</a>: {}</dd>\n",
            escape(&source.url),
            escape(&source.title),
            escape(&source.says)
        )
    };
    let entries: String = place.desk.sources.iter().map(entry).collect();
    Ok(format!("<dl class=\"gl-sources\">\n{entries}</dl>\n"))
}

/// A value that says where it comes from when pointed at. Number and unit stay on one line.
fn told(shown: &str, origin: &str) -> String {
    format!("<data title=\"{}\">{}</data>", escape(origin), escape(&on_one_line(shown)))
}

/// A short text that is not broken.
fn on_one_line(text: &str) -> String {
    if text.len() <= 20 { text.replace(' ', "\u{a0}") } else { text.into() }
}

/// The run in words.
fn origin(asked: &Asked) -> String {
    let mut words = asked.scenario.clone();
    if let Some(variant) = &asked.variant {
        words += &format!("/{variant}");
    }
    if let Some(seed) = asked.seed {
        words += &format!(", seed {seed}");
    }
    words + &asked.set.iter().map(|set| format!(" --set {}", shell_word(set))).collect::<String>()
}
