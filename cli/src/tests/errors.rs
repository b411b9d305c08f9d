//! What is refused, what is said about it, and what is left untouched.

use std::io::{self, ErrorKind, Write};

use super::{FakeLab, say, say_with, words};
use crate::{Exit, Style, run_in};

#[test]
fn misuse_is_told_on_stderr() {
    let lines = [
        "",
        "play",
        "run",
        "run cascade --sede 3",
        "run cascade --set pool",
        "verify cascade --seeds 5..5",
        "verify cascade --seeds 0..8 --at-least 9",
        "verify cascade --jobs 0",
        "compare cascade --variant grpc",
        "compare cascade --variant grpc --variant grpc",
        "run cascaed",
        "run cascade --variant grcp",
        "verify cascaed",
        "explain cascaed",
        "figures cascade cascaed",
    ];
    for line in lines {
        let said = say(line);
        assert_eq!((said.exit, said.out.as_str()), (Exit::Usage, ""), "{line}");
        assert!(!said.err.is_empty(), "{line}");
    }
}

#[test]
fn a_misspelt_name_is_answered_with_a_suggestion() {
    assert!(say("run cascaed").err.contains("did you mean `cascade`?"));
    assert!(say("run cascade --variant grcp").err.contains("did you mean `grpc`?"));
    assert!(say("verify cascaed --jobs 4").err.contains("did you mean `cascade`?"));
}

#[test]
fn a_run_that_failed_makes_no_directory() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("new");
    assert_eq!(say(&format!("run cascaed --out {}", out.display())).exit, Exit::Usage);
    let blind = FakeLab { blind: true, ..FakeLab::default() };
    let said = say_with(&blind, &format!("run cascade --out {}", out.display()), Style::default());
    assert_eq!((said.exit, said.out.as_str()), (Exit::Usage, ""));
    assert!(said.err.contains("the pen is broken"));
    assert!(!out.exists());
}

#[test]
#[should_panic(expected = "a bug in a model")]
fn a_bug_panics() {
    say("run boom");
}

/// Fails every write.
struct Broken(ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

#[test]
fn a_closed_pipe_changes_nothing_but_a_full_disk_does() {
    let exit = |kind| {
        let lab = FakeLab::default();
        run_in(&lab, words("run cascade --variant grpc"), &mut Broken(kind), &mut Vec::new(), Style::default())
    };
    assert_eq!(exit(ErrorKind::BrokenPipe), Exit::AsClaimed);
    assert_eq!(exit(ErrorKind::StorageFull), Exit::Usage);
}
