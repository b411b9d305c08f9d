//! `figures`: draws scenarios, each with its own seed.

use crate::args::FiguresArgs;
use crate::commands::play::play;
use crate::files::{self, Draft};
use crate::lab::{Lab, Request};
use crate::term::{Exit, Failure, Term};

/// Writes the figures once all of them are drawn, and lists the files. Claims are not the matter of this command.
pub(crate) fn figures(lab: &dyn Lab, args: &FiguresArgs, term: &mut Term) -> Result<Exit, Failure> {
    let mut names = args.scenarios.clone();
    if names.is_empty() {
        names.extend(lab.list().into_iter().map(|entry| entry.name));
    }
    let drafts = names.iter().map(|name| draw(lab, name, term)).collect::<Result<Vec<_>, _>>()?;
    for path in files::write(&args.out, &drafts)? {
        term.data(&format!("{}\n", path.display()))?;
    }
    Ok(Exit::AsClaimed)
}

fn draw(lab: &dyn Lab, scenario: &str, term: &mut Term) -> Result<Draft, Failure> {
    let request = Request { scenario: scenario.to_owned(), ..Request::default() };
    let played = play(lab, &request, term)?;
    let figure =
        lab.figure(&played.outcome).map_err(|why| Failure::Usage(format!("no figure of `{scenario}`: {why}")))?;
    Ok(Draft { name: format!("{}.svg", files::stem(scenario)), text: figure })
}
