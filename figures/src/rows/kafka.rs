//! Rows of Kafka: how far a group is behind, who reads which partition, and who leads it.

use std::collections::BTreeSet;

use gridlock_sim::report::Report;

use crate::plan::{Height, Label, Lane, Mark, Plan, Weight};
use crate::samples::{Merge, Sample, outline, peak, samples};
use crate::scale::Scale;
use crate::theme::{Dash, Meaning, PX};
use crate::{Column, FigureError, Unit, text};

/// Height of a lane.
const LANE: i32 = 15 * PX;

/// How much of its lane an owner fills while its group rebalances.
const UNSETTLED: f64 = 0.35;

/// Records a group has not committed yet, partition upon partition.
pub(crate) fn lag(group: &str, columns: &[Column]) -> Result<Plan, FigureError> {
    let shares = shares(group, "lag", columns)?;
    let stack = |column: &Column| Stack::of(column.report, &shares);
    let stacks: Vec<Stack> = columns.iter().map(stack).collect();
    let top = stacks.iter().filter_map(|s| s.edges.last()).map(|edge| peak(edge)).fold(0.0, f64::max);
    let several = shares.len() > 1;
    let note = |words: &str, at| Label { text: words.to_owned(), at: Height::Beside(at), meaning: None, dash: None };
    let labels = vec![note("number: partition", top / 2.0)];
    Ok(Plan {
        slug: text::slug(&format!("lag {group}")),
        title: format!("Records that {group} is behind{}", if several { ", by partition" } else { "" }),
        scale: Scale::linear(top, Unit::Count),
        unit: "count",
        height: 68 * PX,
        strip: false,
        lanes: None,
        rule: None,
        cells: stacks.into_iter().map(|stack| stack.marks(several)).collect(),
        labels: if several { labels } else { Vec::new() },
    })
}

/// Lag upon lag: the lower edge of the first partition, then the upper edge of each.
struct Stack {
    names: Vec<String>,
    edges: Vec<Vec<Sample>>,
}

impl Stack {
    fn of(report: &Report, shares: &[Share]) -> Self {
        let mut stack = Self { names: Vec::new(), edges: Vec::new() };
        for share in shares {
            let Some(series) = report.series.get(&share.key) else { continue };
            let own = samples(report, &series.values, Merge::Max);
            let base = stack.edges.last().cloned();
            let base = base.unwrap_or_else(|| own.iter().map(|s| Sample { value: 0.0, ..*s }).collect());
            let upper = base.iter().zip(&own).map(|(b, o)| Sample { value: b.value + o.value, ..*o }).collect();
            if stack.edges.is_empty() {
                stack.edges.push(base);
            }
            stack.edges.push(upper);
            stack.names.push(share.name.clone());
        }
        stack
    }

    fn marks(self, several: bool) -> Option<Vec<Mark>> {
        let total = self.edges.last()?;
        let mut marks = Vec::new();
        for (nth, (name, edges)) in self.names.iter().zip(self.edges.windows(2)).enumerate() {
            let (lower, upper) = (outline(&edges[0]), outline(&edges[1]));
            marks.push(Mark::Layer { nth, name: if several { name.clone() } else { String::new() }, lower, upper });
        }
        let points = outline(total);
        marks.push(Mark::Line { meaning: Meaning::Pool, dash: Dash::Solid, points, weight: Weight::Edge });
        Some(marks)
    }
}

/// Which member of a group reads each partition, with a line where a generation begins.
pub(crate) fn owners(group: &str, columns: &[Column]) -> Result<Plan, FigureError> {
    let shares = shares(group, "owner", columns)?;
    let cell = |column: &Column| {
        let report = column.report;
        let unrest = report.series.get(&format!("{group}/rebalancing")).map_or(&[][..], |s| &s.values);
        let height = |step: usize| if unrest.get(step).is_some_and(|share| *share > 0) { UNSETTLED } else { 1.0 };
        let lanes = shares.iter().zip(0..).filter_map(|(share, lane)| {
            let owners = &report.series.get(&share.key)?.values;
            Some(runs(report, lane, owners, |owner, step| (owner > 0).then_some((Some(owner), height(step)))))
        });
        let lanes: Vec<Lane> = lanes.flatten().collect();
        let known = shares.iter().any(|share| report.series.contains_key(&share.key));
        known.then(|| vec![Mark::Lanes(lanes), Mark::Moments(beginnings(report, &format!("{group}/generation")))])
    };
    let generation = Label {
        text: "generation".to_owned(),
        at: Height::Value(0.0),
        meaning: Some(Meaning::Other),
        dash: Some(Dash::Dotted),
    };
    Ok(Plan {
        slug: text::slug(&format!("owners {group}")),
        title: format!("Member of {group} that reads each partition; low: rebalancing"),
        labels: vec![generation],
        cells: columns.iter().map(cell).collect(),
        ..lanes(&shares)
    })
}

/// Which broker leads each partition of a topic, and how many replicas are in sync with it.
pub(crate) fn leaders(topic: &str, columns: &[Column]) -> Result<Plan, FigureError> {
    let keys: BTreeSet<&String> = columns.iter().flat_map(|c| c.report.series.keys()).collect();
    let partition = |key: &&String| {
        let name = key.strip_prefix(topic)?.strip_prefix('-')?.strip_suffix("/leader")?;
        let number: u32 = name.parse().ok()?;
        Some((number, Share { key: (*key).clone(), name: name.to_owned() }))
    };
    let mut found: Vec<(u32, Share)> = keys.iter().filter_map(partition).collect();
    found.sort_by_key(|(number, _)| *number);
    let shares: Vec<Share> = found.into_iter().map(|(_, share)| share).collect();
    if shares.is_empty() {
        return Err(unknown(topic, "topic"));
    }
    let cell = |column: &Column| {
        let mut all = Vec::new();
        let mut known = false;
        for (share, lane) in shares.iter().zip(0..) {
            let Some(leaders) = column.report.series.get(&share.key) else { continue };
            known = true;
            all.extend(led(column.report, lane, share, &leaders.values));
        }
        known.then(|| vec![Mark::Lanes(all)])
    };
    let nobody =
        Label { text: "no leader".to_owned(), at: Height::Value(0.0), meaning: Some(Meaning::Failed), dash: None };
    Ok(Plan {
        slug: text::slug(&format!("leaders {topic}")),
        title: format!("Broker that leads each partition of {topic}; low: fewer in sync"),
        labels: vec![nobody],
        cells: columns.iter().map(cell).collect(),
        ..lanes(&shares)
    })
}

/// The lane of a partition: nothing before its first leader, hatched while it has none, as high as replicas are in sync.
fn led(report: &Report, lane: usize, share: &Share, leaders: &[u64]) -> Vec<Lane> {
    let in_sync = report.series.get(&share.key.replace("/leader", "/isr")).map(|s| &s.values[..]);
    let at = |step: usize| in_sync.and_then(|values| values.get(step)).copied().unwrap_or(1);
    let replicas = in_sync.and_then(|values| values.iter().copied().max()).unwrap_or(1).max(1);
    let first = leaders.iter().position(|leader| *leader > 0).unwrap_or(leaders.len());
    runs(report, lane, leaders, |leader, step| match leader {
        0 if step < first => None,
        0 => Some((None, 1.0)),
        leader => Some((Some(leader), at(step) as f64 / replicas as f64)),
    })
}

/// Who holds something, and how high that is drawn; nothing for a gap.
type Shown = Option<(Option<u64>, f64)>;

/// Runs of equal values as spans; `show` says who holds it and how high it is drawn, or nothing for a gap.
fn runs(report: &Report, lane: usize, values: &[u64], show: impl Fn(u64, usize) -> Shown) -> Vec<Lane> {
    let shown: Vec<(usize, Shown)> =
        values.iter().enumerate().map(|(step, value)| (step, show(*value, step))).collect();
    let at = |step: usize| (step as u64 * report.step_us).min(report.duration_us);
    let span = |run: &[(usize, Shown)]| {
        let (holder, share) = run[0].1?;
        Some(Lane { lane, from_us: at(run[0].0), until_us: at(run[run.len() - 1].0 + 1), holder, share })
    };
    shown.chunk_by(|a, b| a.1 == b.1).filter_map(span).collect()
}

/// When a number grows, after it was first seen.
fn beginnings(report: &Report, key: &str) -> Vec<u64> {
    let values = report.series.get(key).map_or(&[][..], |s| &s.values);
    let grows = values.windows(2).enumerate().filter(|(_, pair)| pair[1] > pair[0]);
    grows.map(|(step, _)| (step as u64 + 1) * report.step_us).collect()
}

/// A plan of lanes from the top down, without cells, labels and title.
fn lanes(shares: &[Share]) -> Plan {
    let count = shares.len();
    let tick = |(nth, share): (usize, &Share)| ((count - nth) as f64 - 0.5, share.name.clone());
    Plan {
        slug: String::new(),
        title: String::new(),
        scale: Scale {
            log: false,
            min: 0.0,
            max: count as f64,
            ticks: shares.iter().enumerate().map(tick).rev().collect(),
            suffix: "",
        },
        unit: "partition",
        height: count as i32 * LANE,
        strip: false,
        lanes: Some(count),
        rule: None,
        cells: Vec::new(),
        labels: Vec::new(),
    }
}

/// A partition of a group or a topic.
struct Share {
    /// Its series.
    key: String,
    /// Its number, behind its topic if the group reads several.
    name: String,
}

/// The partitions of which a group says something, in order; an error if it says it of none.
fn shares(group: &str, what: &str, columns: &[Column]) -> Result<Vec<Share>, FigureError> {
    let keys: BTreeSet<&str> = columns.iter().flat_map(|c| c.report.series.keys().map(String::as_str)).collect();
    let others: Vec<&str> = keys.iter().filter_map(|key| key.strip_suffix("/generation")).collect();
    let mut found: Vec<(&str, u32, &str)> = Vec::new();
    for key in &keys {
        let Some((name, _)) = key.rsplit_once('/').filter(|(_, word)| *word == what) else { continue };
        let of_other = others.iter().any(|g| g.len() > group.len() && name.starts_with(&format!("{g}.")));
        let partition = name.strip_prefix(group).and_then(|rest| rest.strip_prefix('.')).filter(|_| !of_other);
        let Some((topic, number)) = partition.and_then(|partition| partition.rsplit_once('-')) else { continue };
        found.extend(number.parse().ok().map(|number| (topic, number, *key)));
    }
    found.sort_unstable();
    if found.is_empty() {
        return Err(unknown(group, "group"));
    }
    let single = found.iter().all(|(topic, ..)| *topic == found[0].0);
    let name = |topic: &str, number| if single { format!("{number}") } else { format!("{topic} {number}") };
    Ok(found.into_iter().map(|(topic, number, key)| Share { key: key.to_owned(), name: name(topic, number) }).collect())
}

fn unknown(key: &str, what: &'static str) -> FigureError {
    FigureError::Unknown { row: format!("of {what} {key}"), what, key: key.to_owned(), nearest: None }
}

#[cfg(test)]
mod tests {
    use gridlock_sim::report::{Series, SeriesKind};

    use super::*;

    /// A report of ten seconds with these series.
    fn report(series: &[(&str, [u64; 10])]) -> Report {
        let entry = |(key, values): &(&str, [u64; 10])| {
            ((*key).to_owned(), Series { kind: SeriesKind::GaugeMax, values: values.to_vec() })
        };
        Report {
            duration_us: 10_000_000,
            step_us: 1_000_000,
            faults: Vec::new(),
            classes: std::collections::BTreeMap::new(),
            totals: std::collections::BTreeMap::new(),
            series: series.iter().map(entry).collect(),
            events: 0,
            digest: String::new(),
        }
    }

    fn column(report: &Report) -> Column<'_> {
        Column { variant: "kafka", title: "kafka", note: "", report, others: Vec::new() }
    }

    fn spans(plan: &Plan) -> Vec<(usize, u64, u64, Option<u64>, u64)> {
        let Some(Mark::Lanes(lanes)) = plan.cells[0].as_ref().and_then(|marks| marks.first()) else {
            panic!("no lanes: {plan:?}")
        };
        let seconds = |us| us / 1_000_000;
        let percent = |share: f64| (share * 100.0).round() as u64;
        lanes.iter().map(|l| (l.lane, seconds(l.from_us), seconds(l.until_us), l.holder, percent(l.share))).collect()
    }

    #[test]
    fn a_partition_without_leader_is_hatched_and_one_with_few_replicas_in_sync_is_low() {
        let report = report(&[
            ("orders-0/leader", [0, 1, 1, 0, 0, 2, 2, 2, 2, 2]),
            ("orders-0/isr", [0, 3, 3, 3, 3, 2, 2, 2, 3, 3]),
            ("orders-10/leader", [3; 10]),
            ("orders-9/leader", [2; 10]),
        ]);
        let plan = leaders("orders", &[column(&report)]).unwrap();
        let names: Vec<&str> = plan.scale.ticks.iter().rev().map(|tick| tick.1.as_str()).collect();
        assert_eq!(names, ["0", "9", "10"], "partitions in the order of their numbers");
        let first = [(0, 1, 3, Some(1), 100), (0, 3, 5, None, 100), (0, 5, 8, Some(2), 67), (0, 8, 10, Some(2), 100)];
        assert_eq!(spans(&plan)[..4], first);
    }

    #[test]
    fn owners_are_low_while_their_group_rebalances() {
        let report = report(&[
            ("billing.orders-0/owner", [0, 1, 1, 1, 1, 0, 2, 2, 2, 2]),
            ("billing.retry.orders-0/owner", [9; 10]),
            ("billing.retry/generation", [1; 10]),
            ("billing/generation", [0, 1, 1, 1, 1, 1, 2, 2, 2, 2]),
            ("billing/rebalancing", [0, 0, 0, 20, 1000, 1000, 0, 0, 0, 0]),
        ]);
        let plan = owners("billing", &[column(&report)]).unwrap();
        assert_eq!(spans(&plan), [(0, 1, 3, Some(1), 100), (0, 3, 5, Some(1), 35), (0, 6, 10, Some(2), 100)]);
        let moments = plan.cells[0].as_ref().and_then(|marks| marks.last());
        assert!(matches!(moments, Some(Mark::Moments(at)) if *at == [1_000_000, 6_000_000]), "{moments:?}");
        assert!(owners("shipping", &[column(&report)]).is_err());
    }
}
