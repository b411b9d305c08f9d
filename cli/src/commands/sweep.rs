//! `sweep`: many seeds and settings, gathered in a directory that survives interruptions.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use gridlock_sim::engine::{Engine, Options};

use crate::args::{Format, SweepArgs};
use crate::commands::many;
use crate::human;
use crate::json;
use crate::lab::{Checked, Lab, Request};
use crate::sweep::folder::Folder;
use crate::sweep::plan::{POINTS_MAX, Plan, SCHEMA, Shard, TASKS_MAX};
use crate::sweep::player;
use crate::sweep::record::Record;
use crate::sweep::summary::Summary;
use crate::term::{Exit, Failure, Term};

mod progress;

use self::progress::Progress;

pub(crate) fn sweep(lab: &dyn Lab, args: &SweepArgs, term: &mut Term) -> Result<Exit, Failure> {
    let plan = plan(lab, args)?;
    let shard = args.shard.unwrap_or(Shard::WHOLE);
    let jobs = many::jobs(args.jobs);
    let summary = match &args.out {
        Some(dir) => play(lab, Folder::open(dir, &plan, shard)?, &plan, jobs, term)?,
        None => {
            // Records go through a file in any case: they would fill the memory.
            let dir = tempfile::tempdir()?;
            play(lab, Folder::open(dir.path(), &plan, shard)?, &plan, jobs, term)?
        }
    };
    report(&summary, args.format, args.out.as_deref(), term)
}

/// Says what a sweep adds up to.
pub(crate) fn report(summary: &Summary, format: Format, dir: Option<&Path>, term: &mut Term) -> Result<Exit, Failure> {
    let text = match format {
        Format::Human => human::sweep(summary, term.style.width, dir),
        Format::Json => json::pretty(summary),
    };
    term.data(&text)?;
    Ok(match summary {
        _ if summary.engines_differ() => Exit::NotDeterministic,
        Summary { panics: 1.., .. } => Exit::Bug,
        _ => Exit::claimed(summary.unforeseen == 0),
    })
}

/// What is to be played. Every setting is checked before the first run, so that a mistake shows at once.
fn plan(lab: &dyn Lab, args: &SweepArgs) -> Result<Plan, Failure> {
    let request = Request { chaos: args.chaos, ..args.world.request(None, &args.variants, Options::default()) };
    let Checked { title, variants, luck, source } = lab.check(&request)?;
    let as_it_is = args.world.set.is_empty() && args.grid.is_empty() && !args.chaos;
    let plan = Plan {
        schema: SCHEMA,
        build: crate::BUILD.to_owned(),
        scenario: args.world.scenario.clone(),
        title,
        variants,
        luck: if as_it_is { luck } else { BTreeMap::new() },
        seeds: args.seeds.clone(),
        set: args.world.set.clone(),
        chaos: args.chaos,
        grid: args.grid.clone(),
        second_engine: Engine::ALL.get(1).map(|engine| engine.text().to_owned()),
        source,
    };
    let keys: Vec<&String> = plan.grid.iter().map(|axis| &axis.key).collect();
    if let Some(key) = twice(&keys) {
        return Err(Failure::Usage(format!("--grid varies `{key}` twice; give all of its values at once")));
    }
    if let Some(name) = twice(&plan.variants.iter().collect::<Vec<_>>()) {
        return Err(Failure::Usage(format!("--variant names `{name}` twice")));
    }
    if plan.points() > POINTS_MAX || plan.tasks() > TASKS_MAX {
        let (points, tasks) = (plan.points(), plan.tasks());
        return Err(Failure::Usage(format!(
            "{points} settings with {tasks} runs of each variant are more than one sweep takes ({POINTS_MAX} and {TASKS_MAX}); \
             ask for fewer values or seeds"
        )));
    }
    for point in 0..plan.points() {
        let set = plan.set_at(&plan.point(point));
        lab.check(&Request { set, ..request.clone() })?;
    }
    Ok(plan)
}

/// The first name that has been there before.
fn twice<'a>(names: &[&'a String]) -> Option<&'a String> {
    names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)).map(|(_, name)| *name)
}

/// Plays what is missing in the folder, and finishes it.
fn play(lab: &dyn Lab, mut folder: Folder, plan: &Plan, jobs: usize, term: &mut Term) -> Result<Summary, Failure> {
    let (done, missing) = folder.tasks();
    if !done.is_empty() || folder.torn > 0 {
        let torn = if folder.torn > 0 { "; a record that was not whole is played again" } else { "" };
        term.remark(&format!("{} of {} tasks were there already{torn}\n", done.len(), done.len() + missing.len()))?;
    }
    if let (Some(first), false) = (done.first(), missing.is_empty()) {
        same_build(lab, plan, *first, &folder.records(*first)?)?;
    }
    let mut progress = Progress::new(&plan.scenario, done.len(), missing.len());
    let mut failure = None;
    many::stream(
        &missing,
        jobs,
        |task| player::play(lab, plan, plan.task(*task)),
        |index, played| {
            let kept = played.map_err(Failure::from).and_then(|records| {
                progress.count(&records);
                folder.append(missing[index], &records)
            });
            term.progress(&progress.line());
            match kept {
                Ok(()) => ControlFlow::Continue(()),
                Err(why) => {
                    failure.get_or_insert(why);
                    ControlFlow::Break(())
                }
            }
        },
    );
    term.progress_done();
    match failure {
        Some(failure) => Err(failure),
        None => folder.finish(),
    }
}

/// Plays a task that is there once more: if it tells another history now, the rest would not belong to it.
fn same_build(lab: &dyn Lab, plan: &Plan, task: usize, recorded: &[Record]) -> Result<(), Failure> {
    let now = player::play(lab, plan, plan.task(task))?;
    let differs = recorded.iter().zip(&now).find(|(then, now)| then.digest != now.digest);
    let Some((then, now)) = differs else { return Ok(()) };
    let digest = |record: &Record| record.digest.clone().unwrap_or_else(|| "a panic".into());
    let (seed, variant, then, now) = (then.seed, &then.variant, digest(then), digest(now));
    Err(Failure::Usage(format!(
        "seed {seed} of {variant} was {then} when this sweep began and is {now} now: another build played it, or determinism is \
         broken; name another directory"
    )))
}
