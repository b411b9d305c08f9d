//! A second process: this test binary again, running one ignored test that writes its answer into a file.

use std::path::PathBuf;
use std::process::Command;

/// Where a helper test writes its answer; set in the second process only.
const ANSWER: &str = "GRIDLOCK_TESTS_ANSWER";
/// What a helper test is asked for.
const QUESTION: &str = "GRIDLOCK_TESTS_QUESTION";

/// Runs the ignored test `helper` (its full path) in a process of its own and returns what it answered.
///
/// # Panics
/// When the helper fails or answers nothing.
pub fn ask(helper: &str, question: &str) -> String {
    let dir = std::env::temp_dir().join(format!("gridlock-tests-{}-{}", std::process::id(), helper.replace(':', "-")));
    std::fs::create_dir_all(&dir).expect("a directory for the answer");
    let answer = dir.join(format!("{question}.txt"));
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", helper, "--ignored", "--quiet"]).env(ANSWER, &answer).env(QUESTION, question);
    let output = command.output().expect("the second process starts");
    let text = std::fs::read_to_string(&answer);
    std::fs::remove_dir_all(&dir).expect("our own directory");
    assert!(output.status.success(), "{helper} failed:\n{}", String::from_utf8_lossy(&output.stdout));
    text.unwrap_or_else(|error| panic!("{helper} gave no answer: {error}"))
}

/// In a helper test: what is asked; `None` when somebody runs the helper by hand.
pub fn question() -> Option<String> {
    std::env::var(QUESTION).ok()
}

/// In a helper test: gives the answer.
///
/// # Panics
/// Outside of a second process.
pub fn answer(text: &str) {
    let path = PathBuf::from(std::env::var_os(ANSWER).expect("only a second process answers"));
    std::fs::write(path, text).expect("the answer is written");
}
