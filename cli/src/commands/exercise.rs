//! `exercise`: plays an answer to an exercise of the book, and says which goals it reaches.

use gridlock_book::root_of;
use gridlock_exercises::{Answer, Exercise, ExerciseError, Finding, judge};

use crate::args::ExerciseArgs;
use crate::term::{Exit, Failure, Term};

pub(crate) fn exercise(args: &ExerciseArgs, term: &mut Term) -> Result<Exit, Failure> {
    let here = std::env::current_dir().map_err(Failure::Write)?;
    let root = root_of(&here).map_err(|error| Failure::Spec(error.into()))?;
    let wrong = |error: ExerciseError| Failure::Spec(error.into());
    let Some(name) = &args.name else {
        for exercise in Exercise::read_all(&root).map_err(wrong)? {
            term.data(&format!("{:<32}{}\n", exercise.name, exercise.title))?;
        }
        return Ok(Exit::AsClaimed);
    };
    let exercise = Exercise::read(&root, name).map_err(wrong)?;
    let findings = judge(&exercise, &answer(args, &exercise)).map_err(wrong)?;
    term.data(&format!("{}: {}\n", exercise.name, exercise.title))?;
    for finding in &findings {
        term.data(&line(finding))?;
    }
    let reached = findings.iter().all(|finding| finding.met);
    term.data(if reached { "Reached. The book tells another solution.\n" } else { "Not yet.\n" })?;
    Ok(Exit::claimed(reached))
}

/// The solution, or the reader's answer. Without any it is the starter; a file or a policy is edited in its place.
fn answer(args: &ExerciseArgs, exercise: &Exercise) -> Answer {
    if args.solution {
        return exercise.solution.clone();
    }
    if args.set.is_empty() && args.seed.is_none() {
        return exercise.starter.clone();
    }
    Answer { set: args.set.clone(), seed: args.seed, ..Answer::default() }
}

fn line(finding: &Finding) -> String {
    let mark = if finding.met { '✓' } else { '✗' };
    format!("  {mark} {}: wanted {}, measured {}\n", finding.run, finding.wanted, finding.measured)
}
