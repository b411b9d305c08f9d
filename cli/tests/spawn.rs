//! The binary itself: that `main` hands arguments in and the exit code out. Everything else is tested in process.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

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

/// Goal: a sweep survives `kill -9`. Method: a process is killed once its journal has grown, twice; a third ends the sweep, and its
/// files are those of a sweep that nobody disturbed.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test waits for another process")]
fn a_killed_sweep_goes_on_and_gives_the_same_files() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("small.toml");
    let world = "title = \"Small\"\nsummary = \"s\"\nduration = \"60s\"\n[world.chain]\nservices = [\"a\", \"b\"]\n[[workload]]\n\
                 class = \"requests\"\narrivals = { poisson = 20 }\n";
    fs::write(&file, world).expect("the file is written");
    let sweep = |out: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gridlock"));
        command.arg("sweep").arg(&file).args(["--seeds", "1..120", "--jobs", "2", "--out"]).arg(out);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let (whole, cut) = (dir.path().join("whole"), dir.path().join("cut"));
    let journal = || fs::metadata(cut.join("journal.jsonl")).map_or(0, |meta| meta.len());
    for _ in 0..2 {
        let before = journal();
        let mut child = sweep(&cut).spawn().expect("the binary starts");
        while journal() < before + 20_000 && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        child.kill().expect("it can be killed");
        child.wait().expect("a child");
    }
    assert!(journal() > 0 && !cut.join("results.jsonl").exists(), "it was killed before its end");
    assert!(sweep(&cut).status().expect("it ends").success());
    assert!(sweep(&whole).status().expect("it ends").success());
    for name in ["results.jsonl", "results.csv", "summary.json", "sweep.json"] {
        assert!(fs::read(whole.join(name)).unwrap() == fs::read(cut.join(name)).unwrap(), "{name}");
    }
    assert!(!cut.join("journal.jsonl").exists());
}
