//! Draws a made-up figure: `cargo run -p gridlock-figures --example demo -- <columns> <file.svg>`. Look at it after every change.

#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let columns: usize = arguments.next().ok_or("how many columns?")?.parse()?;
    let path = arguments.next().ok_or("into which file?")?;
    let reports = synthetic::reports();
    let mut rows = synthetic::rows();
    // Only the third variant has a breaker.
    rows.truncate(if columns < 3 { rows.len() - 1 } else { rows.len() });
    let figure = synthetic::figure(&reports, columns, rows);
    std::fs::write(path, gridlock_figures::render(&figure)?)?;
    Ok(())
}
