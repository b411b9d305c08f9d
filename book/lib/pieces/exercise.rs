//! An exercise: what is asked, where to start, and, folded, one solution. Both are played by a test.

use std::fs;

use gridlock_exercises::{Answer, Exercise, ExerciseError};
use gridlock_scenarios::format::shell_word;

use crate::desk::{Fault, wrong};
use crate::directive::{Place, Words};
use crate::fill::fill_text;
use crate::html::escape;
use crate::pieces::code::between;

/// The exercise `scenario/name` as Markdown in a section of its own.
pub(crate) fn exercise(place: &Place, words: &Words) -> Result<String, Fault> {
    let name = words.last(0, "the exercise")?;
    section(place, &Exercise::read(&place.desk.root, name).or_else(|error| told(&error))?)
}

/// All exercises: a link to those that a chapter asks, and the others in full.
pub(crate) fn exercises(place: &Place, _: &Words) -> Result<String, Fault> {
    let (mut list, mut rest) = (String::new(), String::new());
    for exercise in Exercise::read_all(&place.desk.root).or_else(|error| told(&error))? {
        let scenario = exercise.name.split('/').next().unwrap_or_default();
        let chapter = place.desk.root.join(format!("book/src/scenarios/{scenario}.md"));
        let call = format!("{{{{exercise {}}}}}", exercise.name);
        let asked = fs::read_to_string(chapter).is_ok_and(|text| text.contains(&call));
        let page = if asked { format!("{}scenarios/{scenario}.md", place.page.to_root()) } else { String::new() };
        list += &format!("- [{}]({page}#{}), `{}`\n", exercise.title, id(&exercise.name), exercise.name);
        if !asked {
            rest += &section(place, &exercise)?;
        }
    }
    Ok(format!("{list}\n{rest}"))
}

fn told<T>(error: &ExerciseError) -> Result<T, Fault> {
    let help = match error {
        ExerciseError::Unknown { help, .. } => help.clone(),
        _ => "exercises lie in book/exercises/<scenario>/<name>/".into(),
    };
    wrong(error.to_string(), help)
}

fn id(name: &str) -> String {
    format!("exercise-{}", name.replace('/', "-"))
}

fn section(place: &Place, exercise: &Exercise) -> Result<String, Fault> {
    let goals: String = exercise.goal.iter().map(goal).collect();
    let goals = match &*goals {
        "" => "- every claim of the file holds\n",
        goals => goals,
    };
    Ok(format!(
        "<section class=\"gl-exercise\" id=\"{id}\">\n\n<p class=\"gl-ask-title\">Exercise · {title}</p>\n\n{text}\n\n\
         The goal:\n\n{goals}\nWhere you start:\n\n{starter}\n\n\
         <details class=\"gl-solution\">\n<summary>One solution</summary>\n\n{solution}\n\n{why}\n\n</details>\n</section>\n\n",
        id = id(&exercise.name),
        title = escape(&exercise.title),
        text = fill_text(place, exercise.text.trim())?,
        starter = shown(exercise, &exercise.starter)?,
        solution = shown(exercise, &exercise.solution)?,
        why = fill_text(place, exercise.why.trim())?,
    ))
}

fn goal(goal: &gridlock_exercises::Goal) -> String {
    let conditions: Vec<String> = goal.must.iter().map(|condition| format!("`{condition}`")).collect();
    let set: Vec<String> = goal.set.iter().map(|set| format!("`{set}`")).collect();
    let with = if set.is_empty() { String::new() } else { format!(" with {}", set.join(", ")) };
    format!("- in `{}`{with}: {}\n", goal.run, conditions.join(", "))
}

/// An answer with the line that judges it.
fn shown(exercise: &Exercise, answer: &Answer) -> Result<String, Fault> {
    let mut line = format!("cargo lab exercise {}", exercise.name);
    answer.set.iter().for_each(|set| line += &format!(" \\\n    --set {}", shell_word(set)));
    answer.seed.iter().for_each(|seed| line += &format!(" --seed {seed}"));
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
