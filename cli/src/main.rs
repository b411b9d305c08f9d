//! The `gridlock` command.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use gridlock::{Style, run};

fn main() -> ExitCode {
    let style = Style {
        color: wants_color(&io::stdout()),
        color_err: wants_color(&io::stderr()),
        progress: io::stderr().is_terminal(),
        width: width(),
        program: std::env::current_exe().ok().map(|program| &*Box::leak(program.into_boxed_path())),
        command: if std::env::var_os("CARGO").is_some() { "cargo lab" } else { "gridlock" },
    };
    // The anstream writers translate colours for old Windows consoles; elsewhere they hand them through.
    run(std::env::args_os(), &mut anstream::stdout(), &mut anstream::stderr(), style).into()
}

fn wants_color(stream: &impl anstream::stream::RawStream) -> bool {
    anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never
}

fn width() -> usize {
    let terminal = if io::stdout().is_terminal() { terminal_size::terminal_size() } else { None };
    terminal.map_or(Style::default().width, |(width, _)| usize::from(width.0))
}
