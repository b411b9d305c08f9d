//! G6: clients that update one row, after Brooker 2015 (aws-samples/aws-arch-backoff-simulator).
//!
//! Each client reads the version of a row, then writes if it is still the same; if not it waits and begins again. What is simulated
//! are the waits of [`Backoff`], as every retrying client here draws them.

use std::cell::Cell;
use std::rc::Rc;

use gridlock_sim::dist::Dist;
use gridlock_sim::engine::{self, Sim, SimDuration, SimTime};
use gridlock_sim::grpc::policy::{Backoff, Jitter};

use super::estimate::{Mean, mean};
use super::{Bound, Check, Effort, Row};

/// A way to wait, and what was published of it for 10, 50, 100 and 190 clients: writes, and milliseconds until all are done.
struct Policy {
    name: &'static str,
    jitter: Option<Jitter>,
    published: [(f64, f64); 4],
}

const CLIENTS: [u64; 4] = [10, 50, 100, 190];

const POLICIES: [Policy; 5] = [
    Policy {
        name: "no backoff",
        jitter: None,
        published: [(50., 377.), (692., 1144.), (2422., 2017.), (8019., 3540.)],
    },
    Policy {
        name: "exponential",
        jitter: Some(Jitter::None),
        published: [(51., 3515.), (623., 36400.), (1848., 62900.), (5129., 100_300.)],
    },
    Policy {
        name: "equal jitter",
        jitter: Some(Jitter::Equal),
        published: [(42., 740.), (347., 4205.), (813., 6631.), (1760., 9480.)],
    },
    Policy {
        name: "full jitter",
        jitter: Some(Jitter::Full),
        published: [(39., 465.), (333., 2869.), (797., 4900.), (1773., 7452.)],
    },
    Policy {
        name: "decorrelated jitter",
        jitter: Some(Jitter::Decorrelated),
        published: [(38., 449.), (377., 2259.), (1002., 4619.), (2430., 7868.)],
    },
];

pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let sizes = if effort == Effort::Full { 4 } else { 1 };
    let each = |policy: &'static Policy| {
        (0..sizes).map(move |nth| Check::new(policy.published[nth].0 as u32 / 20, move || policy.rows(nth, effort)))
    };
    POLICIES.iter().flat_map(each).collect()
}

impl Policy {
    fn rows(&self, nth: usize, effort: Effort) -> Vec<Row> {
        let clients = CLIENTS[nth];
        let (runs, wide) = if effort == Effort::Full { (100, 5.0) } else { (100, 8.0) };
        let runs: Vec<(f64, f64)> = (0..runs).map(|seed| contest(clients, self.backoff(), seed)).collect();
        let calls = mean(&runs.iter().map(|run| run.0).collect::<Vec<_>>());
        let millis = mean(&runs.iter().map(|run| run.1).collect::<Vec<_>>());
        let row = |what: &str, unit, theory, found: Mean| {
            let quantity = format!("{clients} clients, {}: {what}", self.name);
            let row = Row::new("G6", quantity, theory, found.value).unit(unit).half_width(found.half_width);
            row.bound(Bound::Percent(wide))
        };
        let (published_calls, published_millis) = self.published[nth];
        vec![row("writes", "", published_calls, calls), row("all done", "ms", published_millis, millis)]
    }

    /// Base 5 ms, cap 2 s. The published code doubles before its first wait, except in the decorrelated one, which begins at the base.
    fn backoff(&self) -> Option<Backoff> {
        let jitter = self.jitter?;
        let initial = SimDuration::from_millis(if jitter == Jitter::Decorrelated { 5 } else { 10 });
        Some(Backoff { initial, multiplier_percent: 200, max: SimDuration::from_secs(2), jitter })
    }
}

/// One way over the network.
const ONE_WAY: Dist = Dist::Normal { mean: SimDuration::from_millis(10), sd: SimDuration::from_millis(2) };

/// What all clients see.
#[derive(Default)]
struct Table {
    version: Cell<u64>,
    writes: Cell<u64>,
    done: Cell<SimTime>,
}

/// All clients begin at once: how many writes were tried, and after how many milliseconds all were done.
fn contest(clients: u64, backoff: Option<Backoff>, seed: u64) -> (f64, f64) {
    engine::run(seed, SimTime::from_secs(3600), move |sim| {
        let (table, node) = (Rc::new(Table::default()), sim.add_node("clients"));
        for client in 0..clients {
            sim.spawn(node, update(sim.clone(), table.clone(), backoff.clone(), client));
        }
        move || {
            assert_eq!(table.version.get(), clients, "every client has written once");
            (table.writes.get() as f64, table.done.get().as_nanos() as f64 / 1e6)
        }
    })
}

async fn update(sim: Sim, table: Rc<Table>, backoff: Option<Backoff>, client: u64) {
    let (mut delays, mut draws) = (sim.draws("occ/one way").at(client), sim.draws("occ/retry").at(client));
    let mut waits = backoff.map(|backoff| backoff.waits());
    loop {
        sim.sleep(ONE_WAY.sample(&mut delays)).await;
        let seen = table.version.get();
        sim.sleep(ONE_WAY.sample(&mut delays)).await;
        sim.sleep(ONE_WAY.sample(&mut delays)).await;
        table.writes.set(table.writes.get() + 1);
        let fresh = table.version.get() == seen;
        table.version.set(table.version.get() + u64::from(fresh));
        sim.sleep(ONE_WAY.sample(&mut delays)).await;
        if fresh {
            return table.done.set(sim.now());
        }
        if let Some(waits) = &mut waits {
            sim.sleep(waits.next(&mut draws)).await;
        }
    }
}
