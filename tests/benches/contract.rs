//! The performance contract as one table: every benchmark is run, one after another, and what they promise and tell is put together.
//!
//! Nothing is measured here. Each benchmark measures in a process of its own, and its ratios are taken within that process.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::path::Path;
use std::process::{Command, ExitCode};

/// Package and name of each benchmark.
const BENCHES: [(&str, &str); 5] = [
    ("gridlock-sim", "engine"),
    ("gridlock-sim", "grpc"),
    ("gridlock-sim", "kafka"),
    ("gridlock-scenarios", "headline"),
    ("gridlock-scenarios", "scaling"),
];
/// Where benchmarks leave their lines; they know it by the same name.
const FILE: &str = "GRIDLOCK_BENCH_LINES";

fn main() -> ExitCode {
    let dir = tempfile::tempdir().expect("a directory for the lines");
    let lines = dir.path().join("lines");
    let failed: Vec<&str> = BENCHES.iter().filter(|bench| !run(bench, &lines)).map(|(_, name)| *name).collect();
    let text = std::fs::read_to_string(&lines).unwrap_or_default();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    println!("\nperformance contract\n  {:<52} {:>10}   {:<14}", "", "measured", "goal");
    for row in rows.iter().filter(|row| !row[3].is_empty()) {
        let word = if row[3] == "met" { "ok" } else { "SHORT" };
        println!("  {:<52} {:>10}   {:<14}   {word}", row[0], row[1], row[2]);
    }
    println!("\nfor information");
    for row in rows.iter().filter(|row| row[3].is_empty()) {
        println!("  {:<52} {:>10}", row[0], row[1]);
    }
    for name in &failed {
        println!("\nthe benchmark {name} failed: what it should tell is missing above");
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a benchmark as cargo does; true if it came to its end.
fn run((package, name): &(&str, &str), lines: &Path) -> bool {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["bench", "--quiet", "--package", package, "--bench", name]).env(FILE, lines);
    command.status().is_ok_and(|status| status.success())
}
