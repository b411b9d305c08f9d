//! Turns a directory of filled pages into HTML: `gridlock-press DIRECTORY`. `gridlock book` prepares the directory and calls this program.

use std::process::ExitCode;

use mdbook_driver::MDBook;

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1) else {
        return fail("usage: gridlock-press DIRECTORY");
    };
    match MDBook::load(&directory).and_then(|book| book.build()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("mdBook cannot build the pages: {error:#}")),
    }
}

#[expect(clippy::print_stderr, reason = "a program without the command's writers")]
fn fail(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}
