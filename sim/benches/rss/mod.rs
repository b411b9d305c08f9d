//! Peak memory of a run, measured in a process of its own: the benchmark starts itself again with an argument.

use std::process::Command;

use crate::promise::promise;

const FLAG: &str = "--peak-memory-of";

/// What to play and for how many simulated minutes, if this process is such a child.
pub(crate) fn asked() -> Option<(String, u64)> {
    let mut args = std::env::args().skip_while(|arg| arg != FLAG).skip(1);
    Some((args.next()?, args.next()?.parse().ok()?))
}

/// Prints the peak of this process.
pub(crate) fn answer() {
    println!("{}", status("VmHWM:"));
}

/// What this process holds at the moment, in KiB.
pub(crate) fn now() -> u64 {
    status("VmRSS:")
}

fn status(key: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("0 kB");
    value.trim().trim_end_matches(" kB").parse().expect("the kernel writes a number")
}

/// Compares 60 minutes with 10 minutes and prints the ratio.
pub(crate) fn compare(what: &str) {
    let (short, long) = (peak_of(what, 10), peak_of(what, 60));
    let growth = long as f64 / short.max(1) as f64;
    let label = format!("{what}, peak memory 60 min / 10 min");
    promise(&label, growth, ..=1.1, &format!("{short} KiB, {long} KiB"));
}

/// The middle of five runs: where the loader puts things moves the peak by some 200 KiB.
fn peak_of(what: &str, minutes: u64) -> u64 {
    let mut peaks = [(); 5].map(|()| peak_once(what, minutes));
    peaks.sort_unstable();
    peaks[2]
}

fn peak_once(what: &str, minutes: u64) -> u64 {
    let child = child(what, minutes).output().expect("starts itself");
    assert!(child.status.success(), "the child failed: {}", String::from_utf8_lossy(&child.stderr));
    String::from_utf8_lossy(&child.stdout).trim().parse().expect("the child prints a number")
}

/// This program again, to play `what` for so many simulated minutes and nothing else.
pub(crate) fn child(what: &str, minutes: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a running program has a path"));
    command.args([FLAG, what, &minutes.to_string()]);
    command
}
