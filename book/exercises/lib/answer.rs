//! Plays an answer, and says which goals it reaches.

use std::collections::BTreeMap;

use gridlock_scenarios::catalog::load;
use gridlock_scenarios::outcome::Outcome;
use gridlock_scenarios::run::Code;
use gridlock_scenarios::spec::{Ignored, Override, Scenario};
use gridlock_scenarios::world::WorldSpec;
use gridlock_scenarios::{Request, play_code};

use crate::exercise::{Answer, Exercise, ExerciseError, Goal};
use crate::goal::met;
use crate::policies;

/// A condition and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The run it speaks of.
    pub run: String,
    /// What was wanted.
    pub wanted: String,
    /// What was measured, in the unit of the metric.
    pub measured: String,
    /// True if that is what was wanted.
    pub met: bool,
}

/// Plays an answer. It is right if all findings are met.
///
/// # Errors
/// When the answer does not fit the scenario, a file is missing, or a goal is wrong.
pub fn judge(exercise: &Exercise, answer: &Answer) -> Result<Vec<Finding>, ExerciseError> {
    if let Some(file) = &answer.file {
        return judge_file(exercise, file);
    }
    let mut code = Code::default();
    if let (Some(client), Some(file)) = (&exercise.client, &answer.rust) {
        let Some(make) = policies::of(&exercise.name, file) else {
            return Err(wrong(exercise, format!("book/exercises/lib/policies.rs does not compile `{file}`")));
        };
        code.retries = BTreeMap::from([(client.clone(), make)]);
    }
    let mut findings = Vec::new();
    for goal in &exercise.goal {
        findings.extend(judge_goal(exercise, goal, answer, &code)?);
    }
    Ok(findings)
}

fn judge_goal(exercise: &Exercise, goal: &Goal, answer: &Answer, code: &Code) -> Result<Vec<Finding>, ExerciseError> {
    let Some((name, variant)) = goal.run.split_once('/') else {
        return Err(wrong(exercise, format!("`{}` is no run; write `scenario/variant`", goal.run)));
    };
    let scenario = load::<Ignored>(name).map_err(|error| wrong(exercise, error.to_string()))?;
    let set = goal.set.iter().chain(&answer.set).map(|text| Override::parse(text)).collect::<Result<_, _>>()?;
    let request = Request { variants: vec![variant.into()], seed: answer.seed, set, ..Request::plain(name) };
    let outcome = play_code(&scenario, &request, code)?.outcome;
    let run = &outcome.variants[0];
    let find = |wanted: &String| {
        let (measured, met) = met(run, wanted).map_err(|why| wrong(exercise, why))?;
        Ok(Finding { run: goal.run.clone(), wanted: wanted.clone(), measured, met })
    };
    goal.must.iter().map(find).collect()
}

/// A scenario file is right if each verdict it expects, each check and each claim is as it says, and it claims something.
fn judge_file(exercise: &Exercise, file: &str) -> Result<Vec<Finding>, ExerciseError> {
    let scenario: Scenario<WorldSpec, Ignored> = Scenario::parse(file, &exercise.text_of(file)?)?;
    let outcome = play_code(&scenario, &Request::plain(file), &Code::default())?.outcome;
    let findings = findings_of(&outcome);
    if findings.is_empty() {
        return Err(wrong(exercise, format!("`{file}` claims nothing")));
    }
    Ok(findings)
}

fn findings_of(outcome: &Outcome) -> Vec<Finding> {
    let mut findings = Vec::new();
    for variant in &outcome.variants {
        let finding =
            |wanted: String, measured: String, met| Finding { run: variant.name.clone(), wanted, measured, met };
        findings.extend(variant.expected.as_ref().map(|word| {
            let verdict = variant.verdict.kind.text();
            finding(format!("verdict == {word}"), verdict.into(), verdict == word)
        }));
        findings.extend(variant.claims.iter().map(|claim| {
            let wanted = format!("{} {} {}", claim.metric, claim.op, claim.expected);
            finding(wanted, claim.measured.to_string(), claim.holds)
        }));
        let broken = variant.checks.iter().filter(|(_, check)| check.held == check.must_be_violated);
        findings.extend(broken.map(|(name, check)| {
            let word = |held: bool| if held { "held" } else { "violated" };
            finding(format!("{name} {}", word(!check.must_be_violated)), word(check.held).into(), false)
        }));
    }
    findings
}

fn wrong(exercise: &Exercise, why: String) -> ExerciseError {
    ExerciseError::File { path: format!("book/exercises/{}", exercise.name), why }
}
