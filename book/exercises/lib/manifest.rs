//! What a manifest must say, so that its exercise can be judged fairly.

use crate::exercise::{Exercise, Kind};

/// Says what is missing, or contradicts itself.
pub(crate) fn check(exercise: &Exercise) -> Result<(), String> {
    let kind = exercise.kind();
    let by_goal = !matches!(kind, Kind::File | Kind::Number);
    if by_goal == exercise.goal.is_empty() {
        return Err("it has a `[[goal]]`, a `[number]`, or a scenario file whose claims are the goal".into());
    }
    if (kind == Kind::Rust) != exercise.starter.rust.is_some() {
        return Err("`policy` says what an answer in Rust decides, and `rust` where it stands".into());
    }
    if (kind == Kind::Spec) == exercise.may.is_empty() {
        return Err("`may` says which keys an answer may change".into());
    }
    if exercise.hints.is_empty() || exercise.seeds == 0 || exercise.minutes == 0 {
        return Err("it has `hints`, `minutes`, and at least one of `seeds`".into());
    }
    match (kind, exercise.starter.number, exercise.solution.number) {
        (Kind::Number, Some(_), Some(_)) => Ok(()),
        (Kind::Number, ..) => Err("starter and solution are a `number` each".into()),
        _ => Ok(()),
    }
}
