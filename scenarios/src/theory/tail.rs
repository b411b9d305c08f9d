//! G8: who waits for the slowest of n waits long more often than not; a second copy after a while cures it for a little load.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::join_all;
use gridlock_sim::engine::{self, Draws, Sim, SimDuration, SimTime};
use gridlock_sim::grpc::policy::HedgingPolicy;
use gridlock_sim::grpc::{Client, ClientPolicy, Message, Server, ServerPolicy, Site};
use gridlock_sim::net::{LinkSpec, TcpSpec};
use gridlock_sim::process::ProcessSpec;
use gridlock_sim::stage::Stage;
use gridlock_sim::trace::{Event, Mark, Sink, Trace};

use super::{Bound, Check, Effort, Row};

const PORT: u16 = 50051;
/// An answer is either fast or, once in a hundred times, slow.
const FAST: SimDuration = SimDuration::from_millis(10);
const SLOW: SimDuration = SimDuration::from_secs(1);
/// What takes longer was slow: a hedged copy, sent after [`HEDGE`], is back long before.
const LIMIT: SimDuration = SimDuration::from_millis(200);
/// Just behind the fast ones.
const HEDGE: SimDuration = SimDuration::from_millis(30);
const SLOW_PPM: u64 = 10_000;

pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let (roots, wide) = if effort == Effort::Full { (10_000, 1.5) } else { (400, 8.0) };
    let plain = [1, 69, 100].map(|leaves| {
        Check::new(leaves * 5, move || {
            let theory = slow_of(leaves, 0.01);
            let found = Fan { leaves, roots: roots * 10_u64.pow(u32::from(leaves == 1)), hedged: false }.play();
            vec![share(format!("slowest of {leaves} is slow, each once in 100"), theory, found.slow, wide)]
        })
    });
    let hedged = Check::new(550, move || {
        let found = Fan { leaves: 100, roots, hedged: true }.play();
        vec![
            share("the same for 100, asked again behind the fast 99 %".into(), slow_of(100, 0.0001), found.slow, wide),
            share("calls sent twice for that".into(), 0.01, found.extra, wide / 5.0),
        ]
    });
    plain.into_iter().chain([hedged]).collect()
}

/// 1 - (1-p)^n.
fn slow_of(n: u32, p: f64) -> f64 {
    1.0 - (1.0 - p).powi(n as i32)
}

fn share(quantity: String, theory: f64, found: f64, wide: f64) -> Row {
    Row::new("G8", quantity, theory * 100.0, found * 100.0).unit("%").bound(Bound::Within(wide))
}

/// A root that asks all its leaves at once and waits for the last.
#[derive(Clone, Copy)]
struct Fan {
    leaves: u32,
    roots: u64,
    hedged: bool,
}

struct Found {
    /// Share of the roots' requests that took longer than [`LIMIT`].
    slow: f64,
    /// Hedged copies for each call.
    extra: f64,
}

/// Counts hedged copies.
#[derive(Default)]
struct Hedges(u64);

impl Sink for Hedges {
    fn record(&mut self, _: SimTime, event: &Event) {
        self.0 += u64::from(matches!(event, Event::Marked { mark: Mark::Hedge, .. }));
    }
}

impl Fan {
    fn play(self) -> Found {
        let gap = SimDuration::from_millis(50);
        engine::run(5, SimTime::ZERO + gap * self.roots + SLOW * 5, move |sim| {
            let trace = Trace::new(sim);
            let hedges = Rc::new(RefCell::new(Hedges::default()));
            trace.attach(hedges.clone());
            let stage = Stage::new(sim, &trace, LinkSpec::default(), TcpSpec::default());
            let free = ServerPolicy { cpu_per_call: SimDuration::ZERO, ..ServerPolicy::default() };
            let leaves: Vec<Site> = (0..self.leaves).map(|nth| leaf(&stage, nth, free.clone())).collect();
            let root = stage.service("root", ProcessSpec::default());
            let times = Rc::new(RefCell::new(Vec::new()));
            let (clients, told, clock) = (self.clients(&root, &leaves), times.clone(), sim.clone());
            root.process.start();
            let own = root.process.clone();
            root.process.spawn(async move {
                for _ in 0..self.roots {
                    clock.sleep(gap).await;
                    own.spawn(ask(clock.clone(), clients.clone(), told.clone()));
                }
            });
            move || {
                let times = times.borrow();
                assert_eq!(times.len() as u64, self.roots, "every request was answered");
                let slow = times.iter().filter(|took| **took > LIMIT).count() as f64 / times.len() as f64;
                let calls = self.roots * u64::from(self.leaves);
                Found { slow, extra: hedges.borrow().0 as f64 / calls as f64 }
            }
        })
    }

    fn clients(self, root: &Site, leaves: &[Site]) -> Rc<Vec<Client>> {
        let hedging = HedgingPolicy { max_attempts: 2, delay: HEDGE, non_fatal: Vec::new() };
        let policy = ClientPolicy { hedging: self.hedged.then_some(hedging), ..ClientPolicy::default() };
        let client = |(nth, leaf): (usize, &Site)| {
            Client::new(root, &format!("root->leaf-{nth}"), &[(leaf.host, PORT)], policy.clone())
        };
        Rc::new(leaves.iter().enumerate().map(client).collect())
    }
}

async fn ask(sim: Sim, clients: Rc<Vec<Client>>, times: Rc<RefCell<Vec<SimDuration>>>) {
    let began = sim.now();
    let answers = join_all(clients.iter().map(|client| client.call("Ask", Message::empty(), None))).await;
    assert!(answers.iter().all(Result::is_ok), "leaves do not fail");
    times.borrow_mut().push(sim.now().since(began));
}

fn leaf(stage: &Stage, nth: u32, policy: ServerPolicy) -> Site {
    let site = stage.service(&format!("leaf-{nth}"), ProcessSpec::default());
    let (own, draws) = (site.clone(), stage.sim().draws(&format!("leaf-{nth}/wait")));
    site.process.on_start(move || serve(&own, &policy, draws));
    site.process.start();
    site
}

/// Every call that comes is slow or not by a draw of its own, a hedged copy too.
fn serve(site: &Site, policy: &ServerPolicy, draws: Draws) {
    let (process, count) = (site.process.clone(), Rc::new(std::cell::Cell::new(0)));
    let server = Server::listen(site, PORT, policy.clone()).expect("a fresh process owns its ports");
    server.method("Ask", move |_, _| {
        let (process, nth) = (process.clone(), count.get());
        count.set(nth + 1);
        async move {
            process.sleep(if draws.at(nth).chance(SLOW_PPM) { SLOW } else { FAST }).await;
            Ok(Message::empty())
        }
    });
}
