//! Goal: of overlapping faults the worst counts, until the last has ended. Method: two services and a database, faults at
//! whole seconds, and a probe half a second after some of them.

mod aliases;
mod lives;

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use futures_util::FutureExt;

use super::*;
use crate::engine;
use crate::net::{ConnEvents, ConnectOptions, LinkSpec, TcpSpec};
use crate::process::{PoolSpec, ProcessSpec, WorkersSpec};
use crate::trace::{ConnChange, Trace};

/// Probes are sent half a second after these seconds.
const PROBED: [u64; 5] = [5, 15, 25, 35, 45];
/// What a probe would say that had no answer before the next second.
const SILENT: u64 = u64::MAX;

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(seconds)
}

fn ms(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

fn fault(from: u64, until: u64, kind: Kind) -> Fault {
    Fault { name: format!("{from} to {until}"), at: at(from), until: Some(at(until)), kind }
}

/// Two faults that are both there from 20 s to 30 s.
fn overlapping(first: Kind, second: Kind) -> Vec<Fault> {
    vec![fault(10, 30, first), fault(20, 40, second)]
}

/// Where one probe writes what it saw.
#[derive(Clone)]
struct Answer {
    stage: Stage,
    sent: SimTime,
    place: usize,
    seen: Rc<RefCell<[u64; PROBED.len()]>>,
}

impl Answer {
    fn is(&self, value: u64) {
        self.seen.borrow_mut()[self.place] = value;
    }

    /// Writes the milliseconds since the probe was sent, if it is not too late.
    fn now(&self) {
        let waited = self.stage.sim().now().since(self.sent);
        if waited < ms(900) {
            self.is(waited.as_millis());
        }
    }
}

/// Plays `faults` and hands out what each probe saw.
fn play(faults: Vec<Fault>, probe: impl Fn(&Stage, Answer) + Copy + Send + 'static) -> [u64; PROBED.len()] {
    play_on(|_| (), faults, probe)
}

/// Plays `faults` on a stage that `prepare` has had its hands on.
fn play_on(
    prepare: impl FnOnce(&Stage) + Send,
    faults: Vec<Fault>,
    probe: impl Fn(&Stage, Answer) + Copy + Send + 'static,
) -> [u64; PROBED.len()] {
    engine::run(1, at(60), move |sim| {
        let stage = Stage::new(sim, &Trace::new(sim), LinkSpec::default(), TcpSpec::default());
        stage.workers("db", WorkersSpec::default());
        for name in ["a", "b"] {
            let process = stage.service(name, ProcessSpec::default()).process;
            let (own, stage) = (process.clone(), stage.clone());
            process.on_start(move || drop(stage.pool(&own, "pool", PoolSpec { size: 8, ..PoolSpec::default() })));
        }
        prepare(&stage);
        stage.start();
        for fault in faults {
            schedule(&stage, fault);
        }
        let seen = Rc::new(RefCell::new([SILENT; PROBED.len()]));
        for (place, second) in PROBED.into_iter().enumerate() {
            let sent = at(second) + ms(500);
            let (stage, seen) = (stage.clone(), seen.clone());
            sim.call_at(sent, move || probe(&stage, Answer { stage: stage.clone(), sent, place, seen }));
        }
        move || *seen.borrow()
    })
}

/// How long 10 ms of computing take on `a`.
fn computing(stage: &Stage, answer: Answer) {
    stage.site("a").unwrap().process.readable(ms(10), move || answer.now());
}

/// How long 10 ms of computing take in the database.
fn querying(stage: &Stage, answer: Answer) {
    stage.workers_of("db").unwrap().submit(ms(10), move |_| answer.now());
}

/// How long a refusal takes from `a` to `b` and back.
fn refusal(stage: &Stage, answer: Answer) {
    let (net, a, b) = (stage.net(), host(stage, "a"), host(stage, "b"));
    net.connect(a, b, 9, ConnectOptions::default(), Rc::new(Refusal(answer)));
}

struct Refusal(Answer);

impl ConnEvents for Refusal {
    fn opened(&self) {}

    fn message(&self, _: u32, _: Rc<dyn Any>) {}

    fn closed(&self, _: ConnChange) {
        self.0.now();
    }
}

/// How many units of a pool can be had.
fn units(stage: &Stage, answer: Answer) {
    let pool = stage.pool_of("a.pool").unwrap();
    let mut held = Vec::new();
    while let Some(Ok(unit)) = pool.acquire().now_or_never() {
        held.push(unit);
    }
    answer.is(held.len() as u64);
}

/// Whether `a` is up.
fn up(stage: &Stage, answer: Answer) {
    answer.is(u64::from(stage.site("a").unwrap().process.is_up()));
}

fn slow(node: &str, times: u64) -> Kind {
    Kind::Slow { node: node.into(), factor: Factor(times * 1000) }
}

fn cut(from: &str, to: &str, both: bool) -> Kind {
    Kind::Cut { from: from.into(), to: to.into(), both }
}

fn delay(by: u64) -> Kind {
    Kind::Delay { from: "a".into(), to: "b".into(), by: ms(by) }
}

fn loss(ppm: u32) -> Kind {
    Kind::Loss { from: "a".into(), to: "b".into(), ppm }
}

fn shrink(size: u32) -> Kind {
    Kind::PoolShrink { pool: "a.pool".into(), size }
}

fn pause() -> Kind {
    Kind::Pause { node: "a".into() }
}

fn crash() -> Kind {
    Kind::Crash { node: "a".into() }
}

fn host_loss() -> Kind {
    Kind::HostLoss { node: "a".into() }
}

#[test]
fn the_slowest_factor_counts() {
    assert_eq!(play(overlapping(slow("a", 3), slow("a", 2)), computing), [10, 30, 30, 20, 10]);
    assert_eq!(play(overlapping(slow("db", 2), slow("db", 3)), querying), [10, 20, 30, 30, 10]);
    assert_eq!(play(overlapping(slow("a", 3), slow("b", 2)), computing), [10, 30, 30, 10, 10]);
}

#[test]
fn a_link_heals_when_the_last_cut_ends() {
    let healed = [0, SILENT, SILENT, SILENT, 0];
    assert_eq!(play(overlapping(cut("a", "b", false), cut("a", "b", false)), refusal), healed);
    assert_eq!(play(overlapping(cut("a", "b", true), cut("b", "a", false)), refusal), healed);
    assert_eq!(play(overlapping(cut("b", "a", true), cut("a", "b", true)), refusal), healed);
}

#[test]
fn the_worst_loss_counts() {
    let all = 1_000_000;
    assert_eq!(play(overlapping(loss(0), loss(all)), refusal), [0, 0, SILENT, SILENT, 0]);
    assert_eq!(play(overlapping(loss(all), loss(0)), refusal), [0, SILENT, SILENT, 0, 0]);
    assert_eq!(play(overlapping(loss(all), loss(all)), refusal), [0, SILENT, SILENT, SILENT, 0]);
}

#[test]
fn the_longest_delay_counts() {
    assert_eq!(play(overlapping(delay(100), delay(50)), refusal), [0, 100, 100, 50, 0]);
}

#[test]
fn the_smallest_pool_counts() {
    assert_eq!(play(overlapping(shrink(2), shrink(4)), units), [8, 2, 2, 4, 8]);
}

#[test]
fn a_process_goes_on_when_the_last_pause_ends() {
    assert_eq!(play(overlapping(pause(), pause()), computing), [10, SILENT, SILENT, SILENT, 10]);
}

#[test]
fn a_pause_ends_with_the_process_that_it_stopped() {
    let faults = vec![fault(10, 40, pause()), fault(12, 13, crash()), fault(20, 30, pause())];
    assert_eq!(play(faults, computing), [10, 10, SILENT, 10, 10]);
}

#[test]
fn a_host_comes_back_when_its_last_loss_ends() {
    assert_eq!(play(overlapping(host_loss(), host_loss()), up), [1, 0, 0, 0, 1]);
}

#[test]
fn a_crash_is_over_when_the_supervisor_says_so() {
    assert_eq!(play(overlapping(crash(), crash()), up), [1, 1, 0, 1, 1]); // ten seconds of backoff
}

#[test]
fn a_pool_stays_shrunk_when_its_process_restarts() {
    let faults = vec![fault(10, 30, shrink(2)), fault(12, 13, crash())];
    assert_eq!(play(faults, units), [8, 2, 2, 8, 8]);
}
