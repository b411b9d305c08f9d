//! `figures`: draws scenarios, each with its own seed.

use crate::args::FiguresArgs;
use crate::commands::play::play;
use crate::files::{self, Draft};
use crate::lab::{Lab, Picture, Request};
use crate::term::{Exit, Failure, Term};

/// Writes the figures once all of them are drawn, and lists the files. Claims are not the matter of this command.
pub(crate) fn figures(lab: &dyn Lab, args: &FiguresArgs, term: &mut Term) -> Result<Exit, Failure> {
    let mut names = args.scenarios.clone();
    if names.is_empty() {
        names.extend(lab.list().into_iter().map(|entry| entry.name));
    }
    let mut drafts = Vec::new();
    if args.scenarios.is_empty() {
        let standing = lab.standing().map_err(|why| Failure::Usage(format!("no figures: {why}")))?;
        drafts.extend(standing.into_iter().flat_map(|(name, svg)| both(name.to_owned(), svg)));
    }
    for name in &names {
        drafts.extend(draw(lab, name, term)?);
    }
    for path in files::write(&args.out, &drafts)? {
        term.data(&format!("{}\n", path.display()))?;
    }
    Ok(Exit::AsClaimed)
}

/// The pictures of one scenario, each in both themes.
fn draw(lab: &dyn Lab, scenario: &str, term: &mut Term) -> Result<Vec<Draft>, Failure> {
    let request = Request { scenario: scenario.to_owned(), ..Request::default() };
    let played = play(lab, &request, term)?;
    let pictures =
        lab.pictures(&played.outcome).map_err(|why| Failure::Usage(format!("no figure of `{scenario}`: {why}")))?;
    let stem = files::stem(scenario);
    Ok(pictures.into_iter().flat_map(|Picture { suffix, svg }| both(format!("{stem}{suffix}"), svg)).collect())
}

/// A picture in both themes.
fn both(name: String, svg: String) -> [Draft; 2] {
    let dark = Draft { name: format!("{name}.dark.svg"), text: gridlock_figures::dark(&svg) };
    [Draft { name: format!("{name}.svg"), text: svg }, dark]
}
