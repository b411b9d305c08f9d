//! A report as flat integers with stable keys: what claims compare, and what `--format json` promises.

use std::collections::BTreeMap;
use std::ops::Range;

use super::window::{Timeline, sum};
use super::{ClassReport, Report, SeriesKind};
use crate::engine::SimDuration;

/// Totals that every report has under their own name, zero if nothing of the kind happened.
const GLOBALS: [&str; 7] = ["stale.completions", "retries", "restarts", "attempts", "shed", "retransmits", "oom"];
const MINUTE_US: u64 = 60_000_000;
const WORST_US: u64 = 10_000_000;
/// The end of a run, by which it is told whether a class is alive.
const END_US: u64 = 20_000_000;

type Flat = BTreeMap<String, u64>;

/// The flat metrics of a run whose first `warmup` belongs to no baseline.
///
/// Keys, with `<class>` for each request class:
///
/// | key | meaning |
/// |---|---|
/// | `<class>.offered` `.ok` `.failed` `.failed.<CODE>` `.abandoned` `.pending` `.reloads` | customers, or presses, of the whole run |
/// | `<class>.p50_us` `.p99_us` `.max_us` | time from arrival to success |
/// | `<class>.ok_permille.before` `.during` `.after` | served of a thousand who arrived in the phase; customers too near the end to have been answered are left out |
/// | `<class>.ok_permille.end` | the same, of those who arrived in the last 20 s |
/// | `<class>.worst10s_permille` | the same, in the worst ten seconds after the warm-up |
/// | `<class>.goodput_permille.during` `.after` `.first_minute_after` | served per second, in thousandths of the rate before the fault; with `all` for all classes together |
/// | `<class>.recovery_ms` | from the end of the last fault until success is back at 95 % of the baseline for good; the length of the run if never, zero without a fault |
/// | `orders.accepted` `orders.completed` `orders.lost` `orders.duplicated` `accept.*` `e2e.*` | with a class `orders` only |
/// | `lag.before` `lag.max` `lag.end` | of `lag.total`, the sum over all series `…/lag`: the most before the first fault, the most of all, the last |
/// | `lag.drained_ms` | from the end of the last fault until that sum is at most twice what is usual, for good: the most in the later half of the time before the first fault; the length of the run if never, zero without a fault |
/// | `facts.<what>` | business facts of a kind |
/// | `peak.<series>` | the largest value of a gauge |
/// | `handled.<server>` `stale.<server>` | handlers that ended, and those among them for which nobody waited any more |
/// | `connections.<node>` | TCP connections that the node has opened |
/// | `attempts.<channel>` | attempts that the client made |
/// | `amplification_permille.<channel>` | the same for each thousand of its calls |
///
/// A phase that does not exist, or in which nobody came, has no key: a claim about it is a mistake, not a zero.
pub fn metrics(report: &Report, warmup: SimDuration) -> BTreeMap<String, u64> {
    let timeline = Timeline::new(report, warmup);
    let mut flat = Flat::new();
    for (name, class) in &report.classes {
        counts(&mut flat, name, class);
        by_arrival(&mut flat, name, class, &timeline);
        by_answer(&mut flat, name, class, &timeline);
        let back_us = match report.faults.is_empty() {
            true => 0,
            false => timeline.recovery_us(class, timeline.baseline(class)).unwrap_or(report.duration_us),
        };
        flat.insert(format!("{name}.recovery_ms"), back_us / 1000);
    }
    by_answer(&mut flat, "all", &together(report), &timeline);
    flat.extend(GLOBALS.map(|key| (key.to_string(), report.total(key))));
    orders(&mut flat, report);
    lag(&mut flat, report, &timeline);
    facts(&mut flat, report);
    peaks(&mut flat, report);
    handlers(&mut flat, report);
    connections(&mut flat, report);
    amplification(&mut flat, report);
    flat
}

fn counts(flat: &mut Flat, name: &str, class: &ClassReport) {
    let values = [
        ("offered", class.offered),
        ("ok", class.ok),
        ("failed", class.failed_total()),
        ("abandoned", class.abandoned),
        ("pending", class.pending),
        ("reloads", class.reloads),
        ("p50_us", class.latency_us.p50),
        ("p99_us", class.latency_us.p99),
        ("max_us", class.latency_us.max),
    ];
    flat.extend(values.map(|(key, value)| (format!("{name}.{key}"), value)));
    flat.extend(class.failed.iter().map(|(code, count)| (format!("{name}.failed.{code}"), *count)));
}

fn by_arrival(flat: &mut Flat, name: &str, class: &ClassReport, timeline: &Timeline) {
    for (phase, spans) in timeline.phases() {
        let ratio = timeline.success_over(class, &spans);
        flat.extend(ratio.permille().map(|value| (format!("{name}.ok_permille.{phase}"), value)));
    }
    let steps = class.offered_by_arrival.len();
    let end = steps.saturating_sub(timeline.steps_in(END_US))..steps;
    let alive = timeline.success_over(class, &[end]).permille();
    flat.extend(alive.map(|value| (format!("{name}.ok_permille.end"), value)));
    let judged = timeline.settled_part(class, &(timeline.before.start..class.offered_by_arrival.len()));
    let worst = timeline.windows(class, judged, WORST_US).filter_map(|(_, ratio)| ratio.permille()).min();
    flat.extend(worst.map(|value| (format!("{name}.worst10s_permille"), value)));
}

fn by_answer(flat: &mut Flat, name: &str, class: &ClassReport, timeline: &Timeline) {
    let served = |spans: &[Range<usize>]| -> (u128, u128) {
        let count: u64 = spans.iter().map(|span| sum(&class.ok_by_answer, span)).sum();
        let us: u64 = spans.iter().map(|span| timeline.span_us(span)).sum();
        (count.into(), us.into())
    };
    let (usual, usual_us) = served(std::slice::from_ref(&timeline.before));
    let [_, during, after] = timeline.phases();
    let minute = timeline.steps_in(MINUTE_US);
    let first = after.1.iter().map(|span| span.start..span.end.min(span.start + minute)).collect();
    for (phase, spans) in [during, after, ("first_minute_after", first)] {
        let (count, us) = served(&spans);
        if let Some(value) = (count * usual_us * 1000).checked_div(usual * us) {
            flat.insert(format!("{name}.goodput_permille.{phase}"), u64::try_from(value).unwrap_or(u64::MAX));
        }
    }
}

/// Everybody who was served, whatever they wanted.
fn together(report: &Report) -> ClassReport {
    let mut ok_by_answer = vec![0; report.steps()];
    for class in report.classes.values() {
        ok_by_answer.iter_mut().zip(&class.ok_by_answer).for_each(|(sum, ok)| *sum += ok);
    }
    ClassReport { ok_by_answer, ..ClassReport::default() }
}

/// The contract's names for the class `orders`.
fn orders(flat: &mut Flat, report: &Report) {
    let Some(class) = report.classes.get("orders") else { return };
    let fact = |key: &str| report.totals.get(&format!("{key}/facts")).or_else(|| report.totals.get(key)).copied();
    flat.insert("orders.accepted".into(), class.ok);
    let later = report.classes.get("orders.e2e").map(|class| class.ok);
    flat.insert("orders.completed".into(), fact("orders.completed").or(later).unwrap_or(class.ok));
    for key in ["orders.lost", "orders.duplicated"] {
        flat.insert(key.into(), fact(key).unwrap_or(0));
    }
    let end_to_end = report.classes.get("orders.e2e").unwrap_or(class);
    for (path, latency) in [("accept", class.latency_us), ("e2e", end_to_end.latency_us)] {
        flat.insert(format!("{path}.p50_us"), latency.p50);
        flat.insert(format!("{path}.p99_us"), latency.p99);
    }
}

fn lag(flat: &mut Flat, report: &Report, timeline: &Timeline) {
    let total = report.series.get("lag.total");
    let last = total.and_then(|series| series.values.last()).copied();
    let before = total.map_or(0, |series| before(&series.values, timeline));
    flat.insert("lag.before".into(), before);
    flat.insert("lag.max".into(), report.peak("lag.total"));
    flat.insert("lag.end".into(), last.unwrap_or(0));
    let drained_us = total.map_or(0, |series| drained_us(&series.values, report, timeline));
    flat.insert("lag.drained_ms".into(), drained_us / 1000);
}

/// The most that a backlog was between warm-up and fault.
fn before(values: &[u64], timeline: &Timeline) -> u64 {
    values.get(timeline.before.clone()).unwrap_or_default().iter().copied().max().unwrap_or(0)
}

/// When a backlog is back for good at twice what is usual, counted from the end of the last fault.
fn drained_us(values: &[u64], report: &Report, timeline: &Timeline) -> u64 {
    let Some(end) = timeline.during.last().map(|fault| fault.end) else { return 0 };
    let usual = timeline.usual(values);
    match values.iter().rposition(|&value| value > 2 * usual) {
        Some(last) if last + 1 == values.len() => report.duration_us,
        Some(last) => timeline.span_us(&(end..(last + 1).max(end))),
        None => 0,
    }
}

fn facts(flat: &mut Flat, report: &Report) {
    let counts = report.totals.iter().filter_map(|(key, &count)| Some((key.strip_suffix("/facts")?, count)));
    flat.extend(counts.map(|(what, count)| (format!("facts.{what}"), count)));
}

fn peaks(flat: &mut Flat, report: &Report) {
    let gauges = report.series.iter().filter(|(_, series)| series.kind == SeriesKind::GaugeMax);
    flat.extend(gauges.map(|(key, _)| (format!("peak.{key}"), report.peak(key))));
}

fn handlers(flat: &mut Flat, report: &Report) {
    for (key, &handled) in &report.totals {
        let Some(server) = key.strip_suffix("/handled") else { continue };
        flat.insert(format!("handled.{server}"), handled);
        flat.insert(format!("stale.{server}"), report.total(&format!("{server}/stale.completions")));
    }
}

fn connections(flat: &mut Flat, report: &Report) {
    let opened = report.totals.iter().filter_map(|(key, &count)| Some((key.strip_suffix("/opened")?, count)));
    flat.extend(opened.map(|(node, count)| (format!("connections.{node}"), count)));
}

/// Attempts for each thousand calls; a call is an attempt that neither a retry nor a hedge added.
fn amplification(flat: &mut Flat, report: &Report) {
    for (key, &attempts) in &report.totals {
        let Some(channel) = key.strip_suffix("/attempts") else { continue };
        let added = report.total(&format!("{channel}/retries")) + report.total(&format!("{channel}/hedges"));
        let calls = attempts.saturating_sub(added);
        let permille = (attempts * 1000).checked_div(calls);
        flat.insert(format!("attempts.{channel}"), attempts);
        flat.extend(permille.map(|value| (format!("amplification_permille.{channel}"), value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::synthetic::{Story, fault};

    fn measured(story: Story) -> Flat {
        metrics(&story.report(), SimDuration::from_secs(10))
    }

    fn shop() -> Story {
        Story::new(200).faults(&[fault(50, 80)]).class("orders", 100, &[(0, 50), (10, 100), (50, 40), (100, 100)])
    }

    #[test]
    fn phases_are_measured_by_arrival_and_by_answer() {
        let flat = measured(shop());
        let expected = [
            ("orders.offered", 20_000),
            ("orders.ok_permille.before", 1000),
            ("orders.ok_permille.during", 400),
            ("orders.ok_permille.after", 900),
            ("orders.ok_permille.end", 1000),
            ("orders.worst10s_permille", 400),
            ("orders.goodput_permille.during", 400),
            ("orders.goodput_permille.after", 900),
            ("orders.goodput_permille.first_minute_after", 800),
            ("orders.recovery_ms", 20_000),
        ];
        for (key, value) in expected {
            assert_eq!(flat.get(key), Some(&value), "{key}");
        }
    }

    #[test]
    fn who_never_recovers_is_given_the_length_of_the_run() {
        let lost = Story::new(100).faults(&[fault(50, 60)]).class("orders", 50, &[(0, 100), (50, 10)]);
        assert_eq!(measured(lost)["orders.recovery_ms"], 100_000);
        let endless = Story::new(100).faults(&[fault(50, 100)]).class("orders", 50, &[(0, 100)]);
        let flat = measured(endless);
        assert_eq!(flat["orders.recovery_ms"], 100_000);
        assert!(!flat.contains_key("orders.ok_permille.after") && !flat.contains_key("orders.goodput_permille.after"));
    }

    #[test]
    fn without_a_fault_there_is_one_phase() {
        let flat = measured(Story::new(100).class("browse", 50, &[(0, 90)]));
        assert_eq!((flat["browse.ok_permille.before"], flat["browse.recovery_ms"]), (900, 0));
        let others = flat.keys().filter(|key| key.contains("permille.") && !key.ends_with(".before"));
        assert_eq!(others.collect::<Vec<_>>(), ["browse.ok_permille.end"]);
        assert!(!flat.contains_key("orders.accepted") && flat.contains_key("retries"));
    }

    #[test]
    fn the_contract_has_its_names_for_orders() {
        let plain = measured(shop());
        assert_eq!(plain["orders.completed"], plain["orders.ok"]);
        assert_eq!((plain["orders.accepted"], plain["orders.lost"], plain["lag.max"]), (plain["orders.ok"], 0, 0));
        let story =
            shop().total("orders.completed/facts", 7).total("orders.lost/facts", 2).total("orders.duplicated", 3);
        let flat = measured(story.gauge("a/lag", &[(0, 4), (9, 1)]).gauge("lag.total", &[(0, 6), (8, 4), (9, 1)]));
        assert_eq!((flat["orders.completed"], flat["orders.lost"], flat["orders.duplicated"]), (7, 2, 3));
        assert_eq!((flat["lag.max"], flat["lag.end"], flat["peak.a/lag"]), (6, 1, 4));
    }

    #[test]
    fn end_to_end_latency_is_taken_from_its_own_class_if_there_is_one() {
        let mut report = shop().class("orders.e2e", 100, &[(0, 100)]).report();
        report.classes.get_mut("orders").unwrap().latency_us.p99 = 5;
        report.classes.get_mut("orders.e2e").unwrap().latency_us.p99 = 70;
        let flat = metrics(&report, SimDuration::ZERO);
        assert_eq!((flat["accept.p99_us"], flat["e2e.p99_us"]), (5, 70));
        report.classes.remove("orders.e2e");
        assert_eq!(metrics(&report, SimDuration::ZERO)["e2e.p99_us"], 5);
    }

    #[test]
    fn connections_are_counted_by_who_opened_them() {
        let flat = measured(shop().total("producer/opened", 12).total("opened", 30).total("producer/closed", 5));
        let found: Vec<_> = flat.iter().filter(|(key, _)| key.starts_with("connections.")).collect();
        assert_eq!(found, [(&"connections.producer".to_string(), &12)]);
    }

    #[test]
    fn amplification_compares_attempts_with_calls() {
        let story =
            shop().total("gateway->order/attempts", 300).total("gateway->order/retries", 150).total("attempts", 300);
        let flat =
            measured(story.total("gateway->order/hedges", 50).total("a->b/attempts", 5).total("a->b/retries", 5));
        assert_eq!((flat["amplification_permille.gateway->order"], flat["attempts"]), (3000, 300));
        assert!(!flat.contains_key("amplification_permille.a->b"));
    }
}
