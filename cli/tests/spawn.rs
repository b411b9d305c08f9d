//! The binary itself: that `main` hands arguments in and the exit code out. Everything else is tested in process.

use std::process::{Command, Output};

fn gridlock(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gridlock")).args(args).output().expect("the binary starts")
}

#[test]
fn help_is_data_without_colours() {
    let output = gridlock(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("help is UTF-8");
    assert!(text.contains("Usage: gridlock") && !text.contains('\x1b'));
    assert!(output.stderr.is_empty());
}

#[test]
fn a_bad_flag_is_misuse() {
    let output = gridlock(&["run", "--sede", "3"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty() && !output.stderr.is_empty());
}

/// The binary finds itself: it plays a seed again in a process of its own, and both tell the same.
#[test]
fn a_second_process_tells_the_same_history() {
    let line = ["verify", "slow-dependency", "--variant", "computing", "--seeds", "3..4", "--set", "duration=50s"];
    let output = gridlock(&line);
    let (text, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("✓ Seed 3 is one history: beside other runs, alone, in a second process."), "{text}{told}");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{told}");
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_gridlock")).args(["completions", "bash"]).stdout(writer).output();
    let output = output.expect("the binary starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
