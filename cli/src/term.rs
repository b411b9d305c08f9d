//! The terminal as the commands see it: where text goes, how it looks, what the program returns.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use miette::{GraphicalReportHandler, GraphicalTheme, Report};

/// How text should look, found out once by `main`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// True if data may be coloured.
    pub color: bool,
    /// True if diagnostics may be coloured.
    pub color_err: bool,
    /// True if progress should be shown: only on a terminal.
    pub progress: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// How the reader called the command, for the lines that repeat a run: `gridlock` or `cargo lab`.
    pub command: &'static str,
    /// This program, for runs in a process of their own; none where it is not the command itself that runs.
    pub program: Option<&'static Path>,
}

impl Default for Style {
    /// What suits a file: no colours, no progress, 100 columns.
    fn default() -> Self {
        Style { color: false, color_err: false, progress: false, width: 100, command: "gridlock", program: None }
    }
}

/// What the program returns. A panic returns 101 by itself, unless a sweep has caught it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All claims hold, all verdicts are as expected.
    AsClaimed = 0,
    /// A claim, a check or a verdict failed.
    NotAsClaimed = 1,
    /// The command was not understood, the scenario is wrong, or a file could not be written.
    Usage = 2,
    /// One seed told two histories.
    NotDeterministic = 3,
    /// A run panicked.
    Bug = 101,
}

impl Exit {
    /// Success only if everything is as claimed.
    pub(crate) fn claimed(as_claimed: bool) -> Exit {
        if as_claimed { Exit::AsClaimed } else { Exit::NotAsClaimed }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command has no result. What is none of these is a bug, and panics.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The scenario or the request is wrong; the report says where.
    Spec(Report),
    /// The arguments contradict each other, or a file could not be written.
    Usage(String),
    /// A writer is broken.
    Write(io::Error),
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Failure::Spec(report)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Write(error)
    }
}

/// The two writers and their style. Text for it is always coloured; colours are stripped here if they are not wanted.
pub(crate) struct Term<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    pub(crate) style: Style,
}

impl<'a> Term<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, err: &'a mut dyn Write, style: Style) -> Self {
        Term { out, err, style }
    }

    /// Writes data.
    pub(crate) fn data(&mut self, text: &str) -> io::Result<()> {
        put(self.out, text, self.style.color)
    }

    /// Writes a remark that is not data.
    pub(crate) fn remark(&mut self, text: &str) -> io::Result<()> {
        put(self.err, text, self.style.color_err)
    }

    /// Shows what is being done, in place of what was shown before, if somebody is watching.
    pub(crate) fn progress(&mut self, doing: &str) {
        if self.style.progress {
            let doing: String = doing.chars().take(self.style.width.saturating_sub(1)).collect();
            // Progress that cannot be shown is no reason to stop.
            let _ = write!(self.err, "\r\x1b[2K{doing}").and_then(|()| self.err.flush());
        }
    }

    /// Removes the line of progress.
    pub(crate) fn progress_done(&mut self) {
        self.progress("");
    }

    /// Says why there is no result.
    pub(crate) fn tell(&mut self, failure: Failure) -> io::Result<Exit> {
        self.progress_done();
        match failure {
            Failure::Spec(report) => self.remark(&diagnostic(&report, self.style.width))?,
            Failure::Usage(problem) => self.remark(&diagnostic(&Report::msg(problem), self.style.width))?,
            Failure::Write(error) => return Err(error),
        }
        Ok(Exit::Usage)
    }

    /// Answers what clap answers: help and version as data, misuse as a diagnostic.
    pub(crate) fn usage(&mut self, answer: &clap::Error) -> io::Result<Exit> {
        let text = answer.render().ansi().to_string();
        if answer.use_stderr() {
            self.remark(&text)?;
            return Ok(Exit::Usage);
        }
        self.data(&text)?;
        Ok(Exit::AsClaimed)
    }
}

fn diagnostic(report: &Report, width: usize) -> String {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode()).with_width(width);
    match handler.render_report(&mut text, report.as_ref()) {
        Ok(()) => text,
        Err(_) => format!("error: {report}\n"),
    }
}

/// Writes and flushes. A reader who has closed the pipe has seen enough: that is no failure of ours, and the exit code still tells how
/// the run ended.
fn put(writer: &mut dyn Write, text: &str, color: bool) -> io::Result<()> {
    let plain = if color { text.to_owned() } else { anstream::adapter::strip_str(text).to_string() };
    match writer.write_all(plain.as_bytes()).and_then(|()| writer.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
