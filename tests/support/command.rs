//! The command, called in this process.

use std::ffi::OsString;

use gridlock::{Exit, Style, run};

/// What the command said and returned.
#[derive(Debug)]
pub struct Said {
    /// The exit code.
    pub code: u8,
    /// Data.
    pub out: String,
    /// Diagnostics.
    pub err: String,
}

/// Calls `gridlock` with these arguments, as if its output went to files.
pub fn gridlock<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Said {
    styled(args, Style::default())
}

/// Calls `gridlock` with a style of its own.
pub fn styled<A: Into<OsString>>(args: impl IntoIterator<Item = A>, style: Style) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = std::iter::once(OsString::from("gridlock")).chain(args.into_iter().map(Into::into));
    let exit: Exit = run(args, &mut out, &mut err, style);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command writes UTF-8");
    Said { code: exit as u8, out: text(out), err: text(err) }
}
