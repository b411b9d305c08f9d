//! `completions`: a script for the reader's shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Args;
use crate::term::{Exit, Failure, Term};

pub(crate) fn completions(shell: Shell, term: &mut Term) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "gridlock", &mut script);
    term.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::AsClaimed)
}
