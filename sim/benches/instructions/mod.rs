//! Instructions of a run, counted by the processor in a process of its own, where the machine lets perf count.

use std::process::Command;

use crate::rss;

/// Instructions that each of `units` takes, when `what` makes so many of them in a simulated minute. What a process needs to start is
/// left out: the difference of a long and a short run counts. None where nothing is counted.
pub(crate) fn each(what: &str, units_in_a_minute: u64) -> Option<f64> {
    let (short, long) = (count(what, 10)?, count(what, 60)?);
    Some((long.checked_sub(short)?) as f64 / (50 * units_in_a_minute) as f64)
}

fn count(what: &str, minutes: u64) -> Option<u64> {
    let child = rss::child(what, minutes);
    let mut perf = Command::new("perf");
    perf.args(["stat", "-x", ",", "-e", "instructions:u", "--"]).arg(child.get_program()).args(child.get_args());
    let told = perf.env("LC_ALL", "C").output().ok()?.stderr;
    let told = String::from_utf8_lossy(&told).into_owned();
    told.lines().find(|line| line.contains("instructions:u"))?.split(',').next()?.parse().ok()
}
