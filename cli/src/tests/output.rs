//! What the commands print when all goes well, and the files they leave.

use std::fs;

use super::{FakeLab, say, say_with};
use crate::{Exit, Style};

#[test]
fn a_run_teaches() {
    let said = say("run cascade");
    assert_eq!((said.exit, said.err.as_str()), (Exit::NotAsClaimed, ""));
    insta::assert_snapshot!(said.out);
}

#[test]
fn a_run_fits_a_narrow_terminal() {
    let style = Style { width: 72, ..Style::default() };
    let said = say_with(&FakeLab::default(), "run cascade --variant grpc --set order.pool=40", style);
    insta::assert_snapshot!(said.out);
}

#[test]
fn colours_come_only_when_wanted() {
    let plain = say("run cascade").out;
    let colored = say_with(&FakeLab::default(), "run cascade", Style { color: true, ..Style::default() }).out;
    assert!(!plain.contains('\x1b') && colored.contains('\x1b'));
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn json_is_a_contract() {
    let said = say("run cascade --seed 7 --variant grpc --variant kafka --format json");
    assert_eq!((said.exit, said.err.as_str()), (Exit::AsClaimed, ""));
    insta::assert_snapshot!(said.out);
}

#[test]
fn the_other_commands_speak() {
    for line in ["list", "explain cascade", "compare cascade", "schema"] {
        let said = say(line);
        insta::assert_snapshot!(line.split_whitespace().next().unwrap_or_default(), said.out);
    }
}

#[test]
fn compare_keeps_the_order_of_the_question() {
    let said = say("compare cascade --variant kafka --variant grpc");
    assert_eq!(said.exit, Exit::AsClaimed);
    let kafka = said.out.find("kafka").unwrap();
    assert!(kafka < said.out.find("grpc").unwrap());
}

#[test]
fn help_version_and_completions_are_data() {
    assert!(say("--version").out.starts_with(&format!("{} (engine", crate::BUILD)));
    assert!(say("help verify").out.contains("--at-least"));
    assert!(say("completions bash").out.contains("_gridlock"));
    assert_eq!(say("--help").exit, Exit::AsClaimed);
}

#[test]
fn progress_shows_only_on_a_terminal_and_never_in_the_data() {
    let said = say_with(&FakeLab::default(), "run cascade --format json", Style { progress: true, ..Style::default() });
    assert!(said.err.contains("playing kafka") && !said.out.contains("playing"));
}

#[test]
fn a_run_leaves_results_figure_and_traces() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("new");
    let said = say(&format!("run cascade --variant kafka --out {}", out.display()));
    assert_eq!(said.exit, Exit::AsClaimed);
    let mut names: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["cascade.json", "cascade.kafka.trace.jsonl", "cascade.svg"]);
    let json = fs::read_to_string(out.join("cascade.json")).unwrap();
    assert_eq!(json, say("run cascade --variant kafka --format json").out);
}

#[test]
fn figures_of_the_whole_catalogue_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let said = say(&format!("figures --out {}", dir.path().display()));
    let written = ["cascade.svg", "cascade.dark.svg"].map(|name| format!("{}\n", dir.path().join(name).display()));
    assert_eq!(said.out, written.concat());
    assert_eq!(fs::read_to_string(dir.path().join("cascade.svg")).unwrap(), "<svg/>\n");
}
