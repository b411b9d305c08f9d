//! `run`: plays a scenario and says what happened.

use std::path::Path;

use crate::args::{Format, RunArgs};
use crate::files::{self, Draft};
use crate::human::{self, View};
use crate::json;
use crate::lab::{Lab, Played, Request};
use crate::term::{Exit, Failure, Term};

pub(crate) fn run(lab: &dyn Lab, args: &RunArgs, term: &mut Term) -> Result<Exit, Failure> {
    let request = Request {
        chaos: args.chaos,
        trace: args.out.is_some(),
        ..args.world.request(args.seed, &args.variants, args.play.options())
    };
    let played = play(lab, &request, term)?;
    if let Some(dir) = &args.out {
        save(lab, &played, dir, term)?;
    }
    let (width, command) = (term.style.width, term.style.command);
    let view = View { width, command, set: &args.world.set, telling: &played.telling };
    let text = match args.format {
        Format::Human => human::outcome(&played.outcome, view),
        Format::Json => json::text(&played.outcome),
    };
    term.data(&text)?;
    Ok(Exit::claimed(played.outcome.as_claimed()))
}

/// Plays a request and shows the progress meanwhile.
pub(crate) fn play(lab: &dyn Lab, request: &Request, term: &mut Term) -> Result<Played, Failure> {
    let played = lab.play(request, &mut |doing| term.progress(doing));
    term.progress_done();
    Ok(played?)
}

/// Writes results, figure and traces. Everything is made before the directory is touched.
fn save(lab: &dyn Lab, played: &Played, dir: &Path, term: &mut Term) -> Result<(), Failure> {
    let outcome = &played.outcome;
    let stem = files::stem(&outcome.scenario);
    let figure = lab.figure(outcome).map_err(|why| Failure::Usage(format!("no figure: {why}")))?;
    let mut drafts = vec![
        Draft { name: format!("{stem}.json"), text: json::text(outcome) },
        Draft { name: format!("{stem}.svg"), text: figure },
    ];
    for (variant, trace) in &played.traces {
        drafts.push(Draft { name: format!("{stem}.{}.trace.jsonl", files::plain(variant)), text: trace.clone() });
    }
    for (variant, text) in &played.replays {
        drafts.push(Draft { name: format!("{stem}.{}.chaos.toml", files::plain(variant)), text: text.clone() });
    }
    for path in files::write(dir, &drafts)? {
        term.remark(&format!("wrote {}\n", path.display()))?;
    }
    Ok(())
}
