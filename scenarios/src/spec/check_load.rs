//! Checks of the workload: who comes, when, and how many in all.

use gridlock_sim::engine::SimDuration;

use super::check::Found;
use super::{Arrivals, Rate, Reload, Step, Workload};

/// The most customers of one run: beyond it, a run takes minutes and shows nothing new.
const ARRIVALS_MAX: u128 = 20_000_000;
/// The most clients of a closed loop.
const CLIENTS_MAX: u32 = 100_000;
/// The most reloads of one customer.
const RELOADS_MAX: u32 = 100;
/// Micro-hertz times nanoseconds in one arrival.
const ARRIVAL: u128 = 1_000_000 * 1_000_000_000;

pub(super) fn check_workload(workload: &[Workload], duration: SimDuration, classes: &[String], found: &mut Found<'_>) {
    for (index, load) in workload.iter().enumerate() {
        found.known("request class", &load.class, classes);
        check_arrivals(&load.arrivals, index, duration, found);
        check_patience(load, index, found);
    }
    let names = workload.iter().map(|load| &load.class);
    found.distinct("class", "one workload makes all arrivals of a class: use `steps` or `burst`", names);
    check_total(workload, duration, found);
}

fn check_arrivals(arrivals: &Arrivals, index: usize, duration: SimDuration, found: &mut Found<'_>) {
    let path = |rest: &str| format!("workload.{index}.arrivals.{rest}");
    match arrivals {
        Arrivals::Constant(_) | Arrivals::Poisson(_) => {}
        Arrivals::Steps(steps) => check_steps(steps, &path("steps"), duration, found),
        Arrivals::Burst { base, peak, at, length } => {
            let end = at.as_nanos().saturating_add(length.as_nanos());
            if *length == SimDuration::ZERO {
                found.at(&path("burst.for"), "the burst has no length", "write how long it lasts, like \"10s\"");
            } else if end > duration.as_nanos() {
                let message =
                    format!("the burst ends at {}, but the run ends at {duration}", SimDuration::from_nanos(end));
                found.at(&path("burst.for"), message, "make it shorter, or make the duration longer");
            }
            if peak < base {
                let message = format!("the peak {} is below the base {}", peak.per_second(), base.per_second());
                found.at(&path("burst.peak"), message, "swap them, or use `steps` for a lull");
            }
        }
        Arrivals::Closed { clients, .. } => {
            if !(1..=CLIENTS_MAX).contains(clients) {
                let message = format!("{clients} clients are not between 1 and {CLIENTS_MAX}");
                found.at(&path("closed.clients"), message, "write how many clients there are");
            }
        }
    }
}

fn check_steps(steps: &[Step], path: &str, duration: SimDuration, found: &mut Found<'_>) {
    if steps.is_empty() {
        found.at(path, "there are no steps: nobody would come", "write `steps = [{ at = \"0s\", rate = 50 }]`");
    }
    for (index, pair) in steps.windows(2).enumerate() {
        if pair[1].at <= pair[0].at {
            let message = format!("the step at {} does not come after the one at {}", pair[1].at, pair[0].at);
            found.at(&format!("{path}.{}.at", index + 1), message, "sort the steps by time");
        }
    }
    for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.at >= duration) {
        let message = format!("the step is at {}, but the run ends at {duration}", step.at);
        found.at(&format!("{path}.{index}.at"), message, "remove it, or make the duration longer");
    }
}

fn check_patience(load: &Workload, index: usize, found: &mut Found<'_>) {
    let path = |rest: &str| format!("workload.{index}.{rest}");
    if load.patience == Some(SimDuration::ZERO) {
        found.at(&path("patience"), "nobody would wait for an answer", "leave out `patience` to wait for ever");
    }
    let Some(Reload { after, on_error, times, .. }) = load.reload else { return };
    if !(1..=RELOADS_MAX).contains(&times) {
        let message = format!("{times} reloads are not between 1 and {RELOADS_MAX}");
        found.at(&path("reload.times"), message, "leave out `reload` for customers who never ask again");
    }
    if after == SimDuration::ZERO {
        found.at(&path("reload.after"), "the customer would ask again at once", "write a time, like \"3s\"");
    }
    if let Some(patience) = load.patience.filter(|patience| *patience <= after && !on_error) {
        let message = format!("the customer leaves at {patience}, before asking again after {after}");
        found.at(&path("reload.after"), message, "make `after` shorter than `patience`");
    }
}

fn check_total(workload: &[Workload], duration: SimDuration, found: &mut Found<'_>) {
    let expected: Vec<u128> = workload.iter().map(|load| expected(&load.arrivals, duration)).collect();
    let total: u128 = expected.iter().sum();
    if total <= ARRIVALS_MAX {
        return;
    }
    let largest = (0..expected.len()).max_by_key(|index| expected[*index]).unwrap_or(0);
    let message = format!("about {total} arrivals are expected in {duration}; the limit is {ARRIVALS_MAX}");
    let help = "lower the rate or the duration: a world at a tenth of the size shows the same";
    found.at(&format!("workload.{largest}.arrivals"), message, help);
}

/// How many customers will come, about. A closed loop without thinking is bounded by the world only.
fn expected(arrivals: &Arrivals, duration: SimDuration) -> u128 {
    let during =
        |rate: Rate, length: SimDuration| u128::from(rate.micro_hertz()) * u128::from(length.as_nanos()) / ARRIVAL;
    match arrivals {
        Arrivals::Constant(rate) | Arrivals::Poisson(rate) => during(*rate, duration),
        Arrivals::Steps(steps) => {
            let ends = steps.iter().skip(1).map(|step| step.at).chain([duration]);
            steps.iter().zip(ends).map(|(step, end)| during(step.rate, end.saturating_sub(step.at))).sum()
        }
        Arrivals::Burst { base, peak, length, .. } => during(*base, duration) + during(*peak, *length),
        Arrivals::Closed { clients, think } => match u128::from(think.mean().as_nanos()) {
            0 => 0,
            mean => u128::from(*clients) * u128::from(duration.as_nanos()) / mean,
        },
    }
}
