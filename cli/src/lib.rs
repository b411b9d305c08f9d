//! The `gridlock` command as a library: arguments in, text out, an exit code back.
//!
//! Everything is printed through the two writers given to [`run`], so that a test can call the command in its own process. What the
//! command needs of the scenarios it asks of a [`Lab`]; this crate measures, judges and draws nothing itself.

mod args;
mod commands;
mod files;
mod human;
mod json;
pub mod lab;
mod pictures;
mod sweep;
mod term;
#[cfg(test)]
mod tests;
mod words;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;

use crate::args::{Args, Command};
use crate::commands::{
    book, compare, completions, cross_check, exercise, explain, figures, list, merge, order, play, schema, shrink,
    theory, verify,
};
use crate::lab::{Catalogue, Lab};
pub use crate::term::{Exit, Style};
use crate::term::{Failure, Term};

/// What built this command, the same in debug and release and on every engine, since all tell the same history.
pub const BUILD: &str = concat!("gridlock ", env!("CARGO_PKG_VERSION"));

/// Runs the command on the built-in catalogue. `args` starts with the name of the program.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write, style: Style) -> Exit {
    run_in(&Catalogue, args, out, err, style)
}

/// Runs the command on the scenarios of `lab`.
pub fn run_in(
    lab: &dyn Lab,
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    style: Style,
) -> Exit {
    let mut term = Term::new(out, err, style);
    let exit = match Args::try_parse_from(args) {
        Ok(args) => obey(lab, args.command, &mut term).or_else(|failure| term.tell(failure)),
        Err(answer) => term.usage(&answer),
    };
    // Only a writer that is broken in an unexpected way gets here; there is nobody left to tell.
    exit.unwrap_or(Exit::Usage)
}

fn obey(lab: &dyn Lab, command: Command, term: &mut Term) -> Result<Exit, Failure> {
    match command {
        Command::List => list::list(lab, term),
        Command::Run(args) => play::run(lab, &args, term),
        Command::Compare(args) => compare::compare(lab, &args, term),
        Command::Explain(args) => match args.order {
            Some(order) => order::order(lab, &args, order, term),
            None => explain::explain(lab, &args.scenario, term),
        },
        Command::Figures(args) => figures::figures(lab, &args, term),
        Command::Verify(args) if args.theory => theory::theory(&args, term),
        Command::Verify(args) if args.engines => cross_check::cross_check(lab, &args, term),
        Command::Verify(args) => verify::verify(lab, &args, term),
        Command::Book(args) => book::book(lab, &args, term),
        Command::Exercise(args) => exercise::exercise(lab, &args, term),
        Command::Sweep(args) => commands::sweep::sweep(lab, &args, term),
        Command::Merge(args) => merge::merge(&args, term),
        Command::Shrink(args) => shrink::shrink(lab, &args, term),
        Command::Schema => schema::schema(lab, term),
        Command::Completions { shell } => completions::completions(shell, term),
    }
}
