//! Plays an answer, and says which goals it reaches.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gridlock_scenarios::catalog::load;
use gridlock_scenarios::outcome::{Outcome, VariantOutcome};
use gridlock_scenarios::run::Code;
use gridlock_scenarios::spec::{Ignored, Override, Scenario};
use gridlock_scenarios::world::WorldSpec;
use gridlock_scenarios::{Request, play_code};

use crate::exercise::{Answer, Exercise, ExerciseError, Goal, Kind, Number};
use crate::goal::met;
use crate::number;
use crate::policies;
use crate::rules;

/// A condition and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The run it speaks of.
    pub run: String,
    /// What was wanted.
    pub wanted: String,
    /// What was measured, in the unit of the metric: with the first seed with which it was not met, or with the first of all.
    pub measured: String,
    /// That seed; none for a scenario file, which has its own.
    pub seed: Option<u64>,
    /// With how many seeds it was met.
    pub met_in: u64,
    /// Of how many.
    pub of: u64,
    /// True if that is what was wanted.
    pub met: bool,
}

/// Plays an answer, `jobs` runs at a time. It is right if all findings are met.
///
/// # Errors
/// When the answer breaks the rules of the exercise or does not fit the scenario, a file is missing, or a goal is wrong.
pub fn judge(exercise: &Exercise, answer: &Answer, jobs: usize) -> Result<Vec<Finding>, ExerciseError> {
    rules::check(exercise, answer)?;
    if let Some(file) = &answer.file {
        return judge_file(exercise, file);
    }
    let seeds = answer.seed.map_or(1..=exercise.seeds, |seed| seed..=seed);
    if let (Some(asked), Some(said)) = (&exercise.number, answer.number) {
        let outcomes = play_seeds(exercise, &Run::of_number(asked), seeds, &Code::default(), jobs)?;
        return Ok(vec![number::judge(asked, said, &outcomes).map_err(|why| wrong(exercise, why))?]);
    }
    let code = match &answer.rust {
        Some(file) => policies::code(exercise, file)?,
        None => Code::default(),
    };
    let mut findings = Vec::new();
    for goal in &exercise.goal {
        let outcomes = play_seeds(exercise, &Run::of_goal(goal, answer), seeds.clone(), &code, jobs)?;
        findings.extend(judge_goal(goal, &outcomes).map_err(|why| wrong(exercise, why))?);
    }
    Ok(findings)
}

/// The first seed that reaches the goal of an exercise that asks for one, or the first that does not.
///
/// # Errors
/// As [`judge`]; also when the answer is no seed, or none is so.
pub fn first_seed(exercise: &Exercise, reaches: bool) -> Result<u64, ExerciseError> {
    for seed in 1..=exercise.luck.unwrap_or_default() {
        let findings = judge(exercise, &Answer { seed: Some(seed), ..Answer::default() }, 1)?;
        if findings.iter().all(|finding| finding.met) == reaches {
            return Ok(seed);
        }
    }
    let verb = if reaches { "reaches" } else { "misses" };
    Err(wrong(exercise, format!("no seed from 1 to {} {verb} the goal", exercise.luck.unwrap_or_default())))
}

/// The answer that an exercise starts from, and the one that the book gives. A seed is looked for.
///
/// # Errors
/// As [`first_seed`].
pub fn answers(exercise: &Exercise) -> Result<(Answer, Answer), ExerciseError> {
    if exercise.kind() != Kind::Seed {
        return Ok((exercise.starter.clone(), exercise.solution.clone()));
    }
    let seed = |reaches| -> Result<Answer, ExerciseError> {
        Ok(Answer { seed: Some(first_seed(exercise, reaches)?), ..Answer::default() })
    };
    Ok((seed(false)?, seed(true)?))
}

/// What is played.
struct Run<'a> {
    name: &'a str,
    set: Vec<&'a String>,
}

impl<'a> Run<'a> {
    fn of_goal(goal: &'a Goal, answer: &'a Answer) -> Self {
        Self { name: &goal.run, set: goal.set.iter().chain(&answer.set).collect() }
    }

    fn of_number(number: &'a Number) -> Self {
        Self { name: &number.run, set: number.set.iter().collect() }
    }
}

/// Plays a run with several seeds; each with its seed, in order.
fn play_seeds(
    exercise: &Exercise,
    run: &Run,
    seeds: RangeInclusive<u64>,
    code: &Code,
    jobs: usize,
) -> Result<Vec<(u64, VariantOutcome)>, ExerciseError> {
    let Some((name, variant)) = run.name.split_once('/') else {
        return Err(wrong(exercise, format!("`{}` is no run; write `scenario/variant`", run.name)));
    };
    let scenario = load::<Ignored>(name).map_err(|error| wrong(exercise, error.to_string()))?;
    let set: Vec<Override> = run.set.iter().map(|text| Override::parse(text)).collect::<Result<_, _>>()?;
    let seeds: Vec<u64> = seeds.collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let request =
                Request { variants: vec![variant.into()], seed: Some(seed), set: set.clone(), ..Request::plain(name) };
            let played = play_code(&scenario, &request, code).map(|mut played| played.outcome.variants.remove(0));
            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(seed, played);
        }
    };
    if jobs <= 1 {
        work();
    } else {
        std::thread::scope(|scope| (0..jobs.min(seeds.len())).for_each(|_| drop(scope.spawn(work))));
    }
    let done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.into_iter().map(|(seed, played)| Ok((seed, played?))).collect()
}

fn judge_goal(goal: &Goal, outcomes: &[(u64, VariantOutcome)]) -> Result<Vec<Finding>, String> {
    if let Some(bounds) = goal.holds_in {
        return Ok(vec![judge_share(goal, bounds, outcomes)?]);
    }
    let find = |wanted: &String| {
        let each = outcomes.iter().map(|(seed, run)| Ok((*seed, met(run, wanted)?)));
        let each: Vec<(u64, (String, bool))> = each.collect::<Result<_, String>>()?;
        let met_in = each.iter().filter(|(_, (_, met))| *met).count() as u64;
        let (seed, (measured, met)) = each.iter().find(|(_, (_, met))| !met).unwrap_or(&each[0]).clone();
        let (run, of) = (goal.run.clone(), each.len() as u64);
        Ok(Finding { run, wanted: wanted.clone(), measured, seed: Some(seed), met_in, of, met })
    };
    goal.must.iter().map(find).collect()
}

/// A goal that must hold with some seeds, and not with others.
fn judge_share(goal: &Goal, (least, most): (u64, u64), outcomes: &[(u64, VariantOutcome)]) -> Result<Finding, String> {
    let holds = |run: &VariantOutcome| {
        let all = goal.must.iter().map(|wanted| met(run, wanted).map(|(_, met)| met));
        all.collect::<Result<Vec<bool>, String>>().map(|all| all.iter().all(|met| *met))
    };
    let of = outcomes.len() as u64;
    let each = outcomes.iter().map(|(_, run)| holds(run)).collect::<Result<Vec<bool>, String>>()?;
    let met_in = each.iter().filter(|met| **met).count() as u64;
    Ok(Finding {
        run: goal.run.clone(),
        wanted: format!("{} with {least} to {most} of {of} seeds", goal.must.join(" and ")),
        measured: format!("with {met_in}"),
        seed: None,
        met_in,
        of,
        met: (least..=most).contains(&met_in),
    })
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
        let finding = |wanted: String, measured: String, met| Finding {
            run: variant.name.clone(),
            wanted,
            measured,
            seed: None,
            met_in: u64::from(met),
            of: 1,
            met,
        };
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
            finding(format!("check.{name} == {}", word(!check.must_be_violated)), word(check.held).into(), false)
        }));
    }
    findings
}

pub(crate) fn wrong(exercise: &Exercise, why: String) -> ExerciseError {
    ExerciseError::File { path: format!("book/exercises/{}", exercise.name), why }
}
