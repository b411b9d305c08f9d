//! A prediction that is drawn: the reader's line over a blank time axis, and then what the run says over it.
//!
//! ```text
//! draw NAME
//! ask = "Draw how many of those who browse get their page."
//! run = "cascade/grpc"
//! served = "browse"
//! why = "…"
//! ```
//!
//! `served` is a class of customers: the share of those who came in each moment who were served. `series` is a gauge or a count of the report.
//! Without JavaScript, and on paper, the axis is empty and the answer is unfolded.

use gridlock_scenarios::format::{number, span_us};
use gridlock_scenarios::outcome::VariantOutcome;
use gridlock_scenarios::spec::suggest;
use serde::Deserialize;

use crate::desk::{Asked, Fault, wrong};
use crate::directive::{Place, target};
use crate::fill::fill_text;
use crate::html::escape;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Drawing {
    ask: String,
    run: String,
    #[serde(default)]
    set: Vec<String>,
    served: Option<String>,
    series: Option<String>,
    #[serde(default)]
    why: String,
}

/// Size of the axes, and the room for their labels, in units of the picture.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 64.0;
const BELOW: f64 = 26.0;
const ABOVE: f64 = 10.0;
/// Points of the line at most: more cannot be seen.
const POINTS_MAX: usize = 160;

/// What is drawn: one value for each step of equal length.
struct Line {
    values: Vec<f64>,
    top: f64,
    unit: &'static str,
}

pub(crate) fn render(place: &Place, name: &str, body: &str) -> Result<String, Fault> {
    let drawing: Drawing = toml::from_str(body).or_else(|error| {
        wrong(format!("this question is not well formed: {}", error.message()), "see “Questions” in CONTRIBUTING.md")
    })?;
    let (scenario, variant) = target(&drawing.run);
    let asked =
        Asked { scenario: scenario.into(), variant: variant.map(str::to_owned), seed: None, set: drawing.set.clone() };
    let run = place.desk.run(&asked)?;
    let line = match (&drawing.served, &drawing.series) {
        (Some(class), None) => served(run, class)?,
        (None, Some(key)) => series(run, key)?,
        _ => return wrong("what is to be drawn?", "write `served = \"CLASS\"` or `series = \"KEY\"`"),
    };
    let (name, label) = (escape(name), if drawing.served.is_some() { "served" } else { "" });
    Ok(format!(
        "<gridlock-draw class=\"gl-ask gl-draw\" data-kind=\"predict\" data-name=\"{name}\">\n\n<p class=\"gl-ask-title\">Predict</p>\n\n\
         {}\n\n{}\n\n<details class=\"gl-answer\">\n<summary>What the run says</summary>\n\n{}\n\n</details>\n</gridlock-draw>\n",
        fill_text(place, drawing.ask.trim())?,
        picture(run, &line, label),
        fill_text(place, drawing.why.trim())?,
    ))
}

/// The share of those who came in each step who were served, in per cent.
fn served(run: &VariantOutcome, class: &str) -> Result<Line, Fault> {
    let Some(report) = run.report.classes.get(class) else {
        let known: Vec<String> = run.report.classes.keys().cloned().collect();
        return wrong(format!("`{}` has no class `{class}`", run.name), suggest(class, &known));
    };
    let pairs = grouped(&report.offered_by_arrival).into_iter().zip(grouped(&report.ok_by_arrival));
    let mut last = 100.0;
    let share = |(offered, ok): (Vec<u64>, Vec<u64>)| {
        let (offered, ok): (u64, u64) = (offered.iter().sum(), ok.iter().sum());
        last = if offered == 0 { last } else { 100.0 * ok as f64 / offered as f64 };
        last
    };
    Ok(Line { values: pairs.map(share).collect(), top: 100.0, unit: " %" })
}

fn series(run: &VariantOutcome, key: &str) -> Result<Line, Fault> {
    let Some(series) = run.report.series.get(key) else {
        let known: Vec<String> = run.report.series.keys().cloned().collect();
        return wrong(format!("`{}` has no series `{key}`", run.name), suggest(key, &known));
    };
    let largest = |values: Vec<u64>| values.into_iter().max().unwrap_or(0) as f64;
    let values: Vec<f64> = grouped(&series.values).into_iter().map(largest).collect();
    let most = values.iter().copied().fold(1.0, f64::max);
    Ok(Line { values, top: round_up(most), unit: "" })
}

/// Steps in groups, so that a line has few points.
fn grouped(values: &[u64]) -> Vec<Vec<u64>> {
    values.chunks(values.len().div_ceil(POINTS_MAX).max(1)).map(<[u64]>::to_vec).collect()
}

/// The next of 1, 2 and 5 times a power of ten.
fn round_up(value: f64) -> f64 {
    let mut power = 1.0;
    loop {
        for step in [1.0, 2.0, 5.0] {
            if step * power >= value {
                return step * power;
            }
        }
        power *= 10.0;
    }
}

/// Axes, the fault, and the line of the run, which a style sheet hides until it may be seen. On one line: a blank one would end it.
fn picture(run: &VariantOutcome, line: &Line, label: &str) -> String {
    let (right, bottom) = (LEFT + WIDTH, ABOVE + HEIGHT);
    let x = |us: u64| LEFT + WIDTH * us as f64 / run.report.duration_us as f64;
    let mut out = format!(
        "<div class=\"gl-scroll\"><svg class=\"gl-canvas\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"A time axis to draw on\" \
         data-left=\"{LEFT}\" data-top=\"{ABOVE}\" data-width=\"{WIDTH}\" data-height=\"{HEIGHT}\">",
        right + 12.0,
        bottom + BELOW
    );
    for fault in &run.report.faults {
        let (from, until) = (x(fault.from_us), x(fault.until_us.min(run.report.duration_us)));
        out += &format!(
            "<rect class=\"gl-fault\" x=\"{from:.1}\" y=\"{ABOVE}\" width=\"{:.1}\" height=\"{HEIGHT}\"/>\
             <text x=\"{:.1}\" y=\"{}\">fault</text>",
            until - from,
            from + 5.0,
            ABOVE + 15.0
        );
    }
    for part in 0..=2 {
        let (y, value) = (bottom - HEIGHT * f64::from(part) / 2.0, line.top * f64::from(part) / 2.0);
        let text = format!("{}{}", number(value as u64), line.unit);
        out += &format!("<line class=\"gl-rule\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\"/>");
        out += &format!("<text text-anchor=\"end\" x=\"{}\" y=\"{}\">{text}</text>", LEFT - 8.0, y + 4.0);
    }
    for part in 0..=3_u64 {
        let at = run.report.duration_us * part / 3;
        let anchor = ["start", "middle", "middle", "end"][part as usize];
        out +=
            &format!("<text text-anchor=\"{anchor}\" x=\"{:.1}\" y=\"{}\">{}</text>", x(at), bottom + 18.0, time(at));
    }
    let step = WIDTH / line.values.len().max(1) as f64;
    let y = |value: &f64| bottom - HEIGHT * value / line.top;
    let points = line
        .values
        .iter()
        .enumerate()
        .map(|(n, value)| format!("{:.1},{:.1}", LEFT + (n as f64 + 0.5) * step, y(value)));
    let points: Vec<String> = points.collect();
    out += &format!(
        "<polyline class=\"gl-truth\" points=\"{}\"/><polyline class=\"gl-guess\" points=\"\"/>",
        points.join(" ")
    );
    if !label.is_empty() {
        out += &format!("<text class=\"gl-label\" x=\"{}\" y=\"{}\">{label}</text>", LEFT + 6.0, bottom - 8.0);
    }
    out + "</svg></div>"
}

/// A time on the axis.
fn time(us: u64) -> String {
    if us == 0 { "0 s".into() } else { span_us(us) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!([1.0, 3.0, 7.0, 630.0, 1001.0].map(round_up), [1.0, 5.0, 10.0, 1000.0, 2000.0]);
    }

    #[test]
    fn a_long_series_has_few_points() {
        assert_eq!(grouped(&[1, 2, 3]).len(), 3);
        assert!(grouped(&[1; 1500]).len() <= POINTS_MAX);
        assert_eq!(grouped(&[1; 1500]).iter().flatten().sum::<u64>(), 1500);
    }
}
