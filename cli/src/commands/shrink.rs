//! `shrink`: what is needed for the outcome of a run, as a sentence and as a scenario file.

use std::path::{Path, PathBuf};

use gridlock_scenarios::shrink::Shrunk;

use crate::args::ShrinkArgs;
use crate::commands::many;
use crate::files::{self, Draft};
use crate::human::{ink, paint, wrap};
use crate::lab::{Lab, Request, ShrinkRequest};
use crate::term::{Exit, Failure, Term};

pub(crate) fn shrink(lab: &dyn Lab, args: &ShrinkArgs, term: &mut Term) -> Result<Exit, Failure> {
    let place = args.out.as_deref().map(place).transpose()?;
    let variants: Vec<String> = args.variant.iter().cloned().collect();
    let run = Request { chaos: args.chaos, ..args.world.request(args.seed, &variants, args.play.options()) };
    let request = ShrinkRequest { run, keep: args.keep.clone(), budget: args.budget, jobs: many::jobs(args.jobs) };
    let shrunk = lab.shrink(&request, &mut |doing| term.progress(doing));
    term.progress_done();
    let shrunk = shrunk?;
    match place {
        // The file is the data: it can be piped, and what is said about it goes beside it.
        None => {
            term.data(&shrunk.text)?;
            term.remark(&format!("\n{}", story(&shrunk, term.style.width)))?;
        }
        Some((dir, name)) => {
            let written = files::write(&dir, &[Draft { name, text: shrunk.text.clone() }])?;
            let again = format!("{} run {}", term.style.command, written[0].display());
            term.data(&format!("{}\n  {}\n", story(&shrunk, term.style.width), paint(ink::NAME, &again)))?;
        }
    }
    Ok(Exit::AsClaimed)
}

/// Directory and name of the file to write.
fn place(path: &Path) -> Result<(PathBuf, String), Failure> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Failure::Usage(format!("--out `{}` names no file", path.display())))?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((dir.to_owned(), name.to_owned()))
}

fn story(shrunk: &Shrunk, width: usize) -> String {
    let mut text = String::new();
    for line in wrap(&shrunk.sentence, width) {
        text += &format!("{}\n", paint(ink::STRONG, &line));
    }
    text += "\n";
    for line in &shrunk.removed {
        text += &format!("  {line}\n");
    }
    let more = if shrunk.exhausted { "; the budget is spent, more may be possible with --budget" } else { "" };
    text + &paint(ink::FAINT, &format!("  {} runs tried{more}; digest {}\n", shrunk.runs, shrunk.digest))
}
