//! Predictions and quizzes: a question with answers of which the run decides which is right.
//!
//! ```text
//! quiz [NAME]
//! run = "cascade/grpc"
//! ask = "How many of the pages asked for during the fault are served?"
//!
//! [[answer]]
//! text = "Nearly all"
//! when = "browse.ok_permille.during >= 950"
//!
//! [[answer]]
//! text = "About half"
//! when = "browse.ok_permille.during < 950"
//! why = "Pages need a slot, and orders hold them all: {{value cascade/grpc browse.ok_permille.during}}."
//! ```
//!
//! Exactly one answer must be right. A prediction is asked before anything is shown and hides what `after NAME` covers; a quiz
//! comes behind it. Without JavaScript, and on paper, both are a question, a list, and an answer to unfold.

use std::ops::Range;

use serde::Deserialize;

use crate::calc;
use crate::desk::{Asked, Fault, wrong};
use crate::directive::{Place, target};
use crate::fill::fill_text;
use crate::form;
use crate::html::escape;
use crate::markup::{Fence, Piece, pieces};

/// A question as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    ask: String,
    /// The run that conditions speak of: `scenario/variant`.
    run: String,
    /// Overrides of the run.
    #[serde(default)]
    set: Vec<String>,
    /// What is said with the right answer, whichever it is.
    #[serde(default)]
    why: String,
    answer: Vec<Answer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    text: String,
    /// `metric op value`, several joined by ` and `.
    when: String,
    /// What is said when this one is right.
    #[serde(default)]
    why: String,
}

/// The question as Markdown within an element of ours.
pub(crate) fn render(place: &Place, kind: &str, name: &str, body: &str) -> Result<String, Fault> {
    let question: Question = toml::from_str(body).or_else(|error| {
        wrong(format!("this question is not well formed: {}", error.message()), "see “Questions” in CONTRIBUTING.md")
    })?;
    if question.answer.len() < 2 {
        return wrong("a question needs at least two answers", "add an `[[answer]]`");
    }
    let right = decide(place, &question)?;
    let answer = &question.answer[right];
    let list: String = question.answer.iter().map(|answer| format!("1. {}\n", answer.text.trim())).collect();
    let why = format!("{}\n\n{}", answer.why.trim(), question.why.trim());
    let (title, unfold) = match kind {
        "predict" => ("Predict", "What the run says"),
        _ => ("Question", "Answer"),
    };
    let stop = if answer.text.trim().ends_with(['.', '!', '?', ':']) { "" } else { "." };
    Ok(format!(
        "<gridlock-ask class=\"gl-ask gl-{kind}\" data-kind=\"{kind}\" data-name=\"{}\" data-right=\"{right}\">\n\n\
         <p class=\"gl-ask-title\">{title}</p>\n\n{}\n\n{}\n<details class=\"gl-answer\">\n<summary>{unfold}</summary>\n\n\
         **{}{stop}** {}\n\n</details>\n</gridlock-ask>\n",
        escape(name),
        fill_text(place, question.ask.trim())?,
        fill_text(place, &list)?,
        fill_text(place, answer.text.trim())?,
        fill_text(place, why.trim())?,
    ))
}

/// The one answer whose condition the run meets.
fn decide(place: &Place, question: &Question) -> Result<usize, Fault> {
    let (scenario, variant) = target(&question.run);
    let asked =
        Asked { scenario: scenario.into(), variant: variant.map(str::to_owned), seed: None, set: question.set.clone() };
    let mut right = Vec::new();
    for (index, answer) in question.answer.iter().enumerate() {
        if met(place, &asked, &answer.when)? {
            right.push(index);
        }
    }
    match right[..] {
        [one] => Ok(one),
        [] => {
            wrong("no answer of this question is right", "compare the conditions with `cargo lab run … --format json`")
        }
        [a, b, ..] => {
            let both = format!("`{}` and `{}`", question.answer[a].text.trim(), question.answer[b].text.trim());
            wrong(format!("two answers are right: {both}"), "let the conditions exclude each other")
        }
    }
}

/// Whether all comparisons of a condition hold.
fn met(place: &Place, asked: &Asked, when: &str) -> Result<bool, Fault> {
    for comparison in when.split(" and ") {
        let words: Vec<&str> = comparison.split_whitespace().collect();
        let [key, op, wanted] = words[..] else {
            return wrong(format!("`{comparison}` is no condition"), "write `METRIC OP VALUE`");
        };
        let run = place.desk.run(asked)?;
        if key == "verdict" && op == "==" {
            if run.verdict.kind.text() != wanted {
                return Ok(false);
            }
            continue;
        }
        let Ok(value) = wanted.parse::<i64>() else {
            return wrong(
                format!("`{wanted}` is no whole number"),
                "write `METRIC OP VALUE`, in the unit of the metric",
            );
        };
        match calc::holds(op, form::metric(run, key)? as f64, value as f64) {
            None => return wrong(format!("`{op}` compares nothing"), "write one of < <= > >= =="),
            Some(false) => return Ok(false),
            Some(true) => {}
        }
    }
    Ok(true)
}

/// The parts of a fence that people read: what is asked and explained; in a table, the labels. Answers are guesses, so their numbers are
/// free: their conditions are what is tested.
pub(crate) fn prose(text: &str, fence: &Fence) -> Vec<Range<usize>> {
    let questions = !text[fence.info.clone()].trim_start().starts_with("measure");
    let mut found = Vec::new();
    let mut at = fence.body.start;
    for line in text[fence.body.clone()].split_inclusive('\n') {
        let silent =
            ["when ", "when=", "run ", "run=", "set ", "set=", "text ", "text=", "served ", "served=", "series "]
                .iter()
                .any(|key| line.trim_start().starts_with(key));
        match line.rfind('|').filter(|_| !questions) {
            Some(_) if line.trim_start().starts_with('|') => {}
            Some(bar) => found.push(at..at + bar),
            None if questions && !silent => found.push(at..at + line.len()),
            None => {}
        }
        at += line.len();
    }
    found.into_iter().flat_map(|range| without_calls(text, range)).collect()
}

/// The parts of a range that stand in no double braces and in no backticks.
fn without_calls(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let page = crate::pages::Page::new("", &text[range.clone()]);
    let found = pieces(&page.file).unwrap_or_default().into_iter();
    let prose = found.filter_map(|piece| if let Piece::Prose(part) = piece { Some(part) } else { None });
    prose.map(|part| range.start + part.start..range.start + part.end).collect()
}
