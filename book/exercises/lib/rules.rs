//! The rules of an exercise: which answers are answers at all. They keep the goal from being reached by taking the question away.

use gridlock_scenarios::spec::Override;

use crate::answer::wrong;
use crate::exercise::{Answer, Exercise, ExerciseError, Kind};
use crate::goal::keeps;

/// Refuses what is no answer to this exercise, with advice.
pub(crate) fn check(exercise: &Exercise, answer: &Answer) -> Result<(), ExerciseError> {
    let kind = exercise.kind();
    let given = given(answer);
    if given.is_some_and(|given| given != kind) || (given.is_none() && kind != Kind::Spec) {
        return refuse(format!("the answer to `{}` is {}", exercise.name, wanted(exercise)), how(exercise));
    }
    if let Some(most) = exercise.changes.filter(|most| answer.set.len() > *most) {
        let why = format!("{} values are changed, and {most} may be", answer.set.len());
        return refuse(why, "find which of them matters".into());
    }
    let set: Vec<Override> = answer.set.iter().map(|text| Override::parse(text)).collect::<Result<_, _>>()?;
    let below = |path: &str, key: &String| {
        path.strip_prefix(&**key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if let Some(other) = set.iter().find(|each| !exercise.may.iter().any(|key| below(each.path(), key))) {
        let may: Vec<String> = exercise.may.iter().map(|key| format!("`{key}`")).collect();
        let help = format!("change {}", may.join(" or "));
        return refuse(format!("`{}` may not be changed here", other.path()), help);
    }
    for limit in &exercise.limits {
        if !keeps(&set, limit).map_err(|why| wrong(exercise, why))? {
            return refuse(format!("the answer must keep to `{limit}`"), "reach the goal within that limit".into());
        }
    }
    Ok(())
}

fn given(answer: &Answer) -> Option<Kind> {
    match answer {
        Answer { rust: Some(_), .. } => Some(Kind::Rust),
        Answer { file: Some(_), .. } => Some(Kind::File),
        Answer { number: Some(_), .. } => Some(Kind::Number),
        Answer { seed: Some(_), .. } => Some(Kind::Seed),
        Answer { set, .. } => (!set.is_empty()).then_some(Kind::Spec),
    }
}

fn wanted(exercise: &Exercise) -> &'static str {
    match exercise.kind() {
        Kind::Spec => "a change of the specification",
        Kind::Rust => "a policy in Rust",
        Kind::File => "a scenario file",
        Kind::Seed => "a seed",
        Kind::Number => "a number",
    }
}

/// How such an answer is given on the command line.
fn how(exercise: &Exercise) -> String {
    match exercise.kind() {
        Kind::Spec => "give it as `--set KEY=VALUE`".into(),
        Kind::Seed => "give it as `--seed N`".into(),
        Kind::Number => "give it as `--number N`".into(),
        Kind::Rust | Kind::File => {
            let file = exercise.starter.rust.as_ref().or(exercise.starter.file.as_ref());
            format!("edit book/exercises/{}/{}", exercise.name, file.map_or("", String::as_str))
        }
    }
}

fn refuse(why: String, help: String) -> Result<(), ExerciseError> {
    Err(ExerciseError::Refused { why, help })
}
