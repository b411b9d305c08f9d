//! An exercise: what is asked, where to start, and, folded, one solution. Both are played by a test.

use std::fs;

use gridlock_exercises::{Answer, Exercise, ExerciseError, Goal, Kind, Unit};
use gridlock_scenarios::format::shell_word;

use crate::desk::{Fault, wrong};
use crate::directive::{Place, Words};
use crate::fill::fill_text;
use crate::html::escape;
use crate::pieces::code::between;

/// The exercise `chapter/name` as Markdown in a section of its own.
pub(crate) fn exercise(place: &Place, words: &Words) -> Result<String, Fault> {
    let name = words.last(0, "the exercise")?;
    section(place, &Exercise::read(&place.desk.root, name).or_else(|error| told(&error))?)
}

/// Where chapters lie below `book/src`.
const FOLDERS: [&str; 4] = ["scenarios/", "ideas/", "", "appendix/"];

/// All exercises: a table with a link to those that a chapter asks, and the others in full.
pub(crate) fn exercises(place: &Place, _: &Words) -> Result<String, Fault> {
    let (mut table, mut rest) = (String::from(HEAD), String::new());
    for exercise in Exercise::read_all(&place.desk.root).or_else(|error| told(&error))? {
        let page = asking(place, &exercise);
        let link = page.as_deref().map_or_else(String::new, |page| format!("{}{page}", place.page.to_root()));
        let (id, title, name) = (id(&exercise.name), escape(&exercise.title), &exercise.name);
        let (kind, minutes, teaches) = (exercise.kind().text(), exercise.minutes, &exercise.teaches);
        table +=
            &format!("| [{title}]({link}#{id})<br>`{name}` | {kind} | {minutes} | {} |\n", fill_text(place, teaches)?);
        if page.is_none() {
            rest += &section(place, &exercise)?;
        }
    }
    Ok(format!("<div class=\"gl-exercises\">\n\n{table}\n</div>\n\n{rest}"))
}

const HEAD: &str = "| exercise | answered by | minutes | what it teaches |\n|---|---|--:|---|\n";

/// The page that asks an exercise.
fn asking(place: &Place, exercise: &Exercise) -> Option<String> {
    let pages = FOLDERS.map(|folder| format!("{folder}{}.md", exercise.chapter()));
    let call = format!("{{{{exercise {}}}}}", exercise.name);
    let asks = |page: &String| {
        fs::read_to_string(place.desk.root.join("book/src").join(page)).is_ok_and(|text| text.contains(&call))
    };
    pages.into_iter().find(asks)
}

fn told<T>(error: &ExerciseError) -> Result<T, Fault> {
    let help = match error {
        ExerciseError::Unknown { help, .. } => help.clone(),
        _ => "exercises lie in book/exercises/<chapter>/<name>/".into(),
    };
    wrong(error.to_string(), help)
}

fn id(name: &str) -> String {
    format!("exercise-{}", name.replace('/', "-"))
}

fn section(place: &Place, exercise: &Exercise) -> Result<String, Fault> {
    Ok(format!(
        "<section class=\"gl-exercise\" id=\"{id}\">\n\n<p class=\"gl-ask-title\">Exercise · {title}</p>\n\n{text}\n\n\
         The goal{seeds}:\n\n{goals}\n{rules}Where you start ({kind}, about {minutes} minutes):\n\n{starter}\n\n{hints}\
         <details class=\"gl-solution\">\n<summary>One solution</summary>\n\n{solution}\n\n{why}\n\n</details>\n</section>\n\n",
        id = id(&exercise.name),
        title = escape(&exercise.title),
        text = fill_text(place, exercise.text.trim())?,
        seeds = seeds(exercise),
        goals = goals(exercise),
        rules = rules(exercise),
        kind = exercise.kind().text(),
        minutes = exercise.minutes,
        starter = start(exercise)?,
        hints = hints(place, exercise)?,
        solution = solution(exercise)?,
        why = fill_text(place, exercise.why.trim())?,
    ))
}

/// Hints, each behind the one before.
fn hints(place: &Place, exercise: &Exercise) -> Result<String, Fault> {
    let hint = |(nth, hint): (usize, &String)| {
        let text = fill_text(place, hint.trim())?;
        Ok(format!("<details class=\"gl-solution\">\n<summary>Hint {}</summary>\n\n{text}\n\n</details>\n", nth + 1))
    };
    exercise.hints.iter().enumerate().map(hint).collect()
}

/// With which seeds the goal must be reached.
fn seeds(exercise: &Exercise) -> String {
    match (exercise.kind(), exercise.luck) {
        (Kind::Seed, Some(luck)) => format!(", with a seed from 1 to {luck}"),
        (Kind::File, _) => String::new(),
        _ if exercise.seeds > 1 => format!(", with each of the seeds 1 to {}", exercise.seeds),
        _ => String::new(),
    }
}

fn goals(exercise: &Exercise) -> String {
    if let Some(number) = &exercise.number {
        let unit = match number.unit {
            Unit::Plain => "",
            Unit::Seconds => ", in seconds",
            Unit::Percent => ", in per cent",
        };
        let (metric, run, set) = (&number.metric, &number.run, with(&number.set));
        return format!("- `{metric}` of `{run}`{set}{unit}, to within `{}` %\n", number.within_percent);
    }
    match &*exercise.goal {
        [] => "- every verdict, check and claim of the file holds\n".into(),
        goals => goals.iter().map(goal).collect(),
    }
}

fn goal(goal: &Goal) -> String {
    let conditions: Vec<String> = goal.must.iter().map(|condition| format!("`{condition}`")).collect();
    let share =
        goal.holds_in.map_or_else(String::new, |(least, most)| format!(", with {least} to {most} of the seeds"));
    format!("- in `{}`{}: {}{share}\n", goal.run, with(&goal.set), conditions.join(", "))
}

fn with(set: &[String]) -> String {
    let set: Vec<String> = set.iter().map(|set| format!("`{set}`")).collect();
    if set.is_empty() { String::new() } else { format!(" with {}", set.join(", ")) }
}

/// What an answer may change.
fn rules(exercise: &Exercise) -> String {
    if exercise.may.is_empty() {
        return String::new();
    }
    let code = |texts: &[String]| texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ");
    let most = match exercise.changes {
        Some(1) => "one value".into(),
        Some(most) => format!("at most {most} values"),
        None => "values".into(),
    };
    let limits =
        if exercise.limits.is_empty() { String::new() } else { format!("; keep to {}", code(&exercise.limits)) };
    format!("You may change {most} of {}{limits}.\n\n", code(&exercise.may))
}

fn start(exercise: &Exercise) -> Result<String, Fault> {
    if exercise.kind() == Kind::Seed {
        return Ok(format!("```sh\ncargo lab exercise {} --seed 1\n```", exercise.name));
    }
    shown(exercise, &exercise.starter)
}

/// A seed is looked for when somebody asks: it is another one as soon as a model changes.
fn solution(exercise: &Exercise) -> Result<String, Fault> {
    if exercise.kind() == Kind::Seed {
        let say = "This looks for the first one:";
        return Ok(format!("{say}\n\n```sh\ncargo lab exercise {} --solution\n```", exercise.name));
    }
    shown(exercise, &exercise.solution)
}

/// An answer with the line that judges it.
fn shown(exercise: &Exercise, answer: &Answer) -> Result<String, Fault> {
    let mut line = format!("cargo lab exercise {}", exercise.name);
    answer.set.iter().for_each(|set| line += &format!(" \\\n    --set {}", shell_word(set)));
    answer.number.iter().for_each(|number| line += &format!(" --number {number}"));
    let Some(file) = answer.file.as_ref().or(answer.rust.as_ref()) else {
        return Ok(format!("```sh\n{line}\n```"));
    };
    let path = format!("book/exercises/{}/{file}", exercise.name);
    let text = exercise
        .text_of(file)
        .map_err(|error| Fault::Wrong(error.to_string(), "name a file beside the manifest".into()))?;
    let (language, text) = if answer.rust.is_some() { ("rust", between(&text, "policy")?) } else { ("toml", text) };
    if *answer == exercise.solution {
        line += " --solution";
    }
    Ok(format!(
        "```{language}\n{}\n```\n\n<p class=\"gl-caption\"><code>{path}</code></p>\n\n```sh\n{line}\n```",
        text.trim_end()
    ))
}
