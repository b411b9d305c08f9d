//! The command in process, on a lab that plays nothing: what is printed, what is written, what is returned.
//!
//! Method: each test types a line as a reader would and looks at both writers and the exit code.

mod engines;
mod errors;
mod fake;
mod output;
mod programs;
mod shrink;
mod sweep;
mod verify;

use std::ffi::OsString;

use self::fake::FakeLab;
use crate::{Exit, Style, run_in};

/// What one call printed and returned.
struct Said {
    exit: Exit,
    out: String,
    err: String,
}

fn words(line: &str) -> impl Iterator<Item = OsString> {
    ["gridlock"].into_iter().chain(line.split_whitespace()).map(OsString::from).collect::<Vec<_>>().into_iter()
}

fn say_with(lab: &FakeLab, line: &str, style: Style) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run_in(lab, words(line), &mut out, &mut err, style);
    let text = |bytes| String::from_utf8(bytes).expect("everything printed is UTF-8");
    Said { exit, out: text(out), err: text(err) }
}

fn say(line: &str) -> Said {
    say_with(&FakeLab::default(), line, Style::default())
}
