//! Runs one variant: builds its world, lets the customers in, injects the faults, and hands out what was measured.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use gridlock_sim::check::{Checkers, Finding};
use gridlock_sim::engine::{self, Options, Sim, SimDuration, SimTime};
use gridlock_sim::fault::{self, Kind};
use gridlock_sim::grpc::guard::MakeGuard;
use gridlock_sim::grpc::retry::MakeRetry;
use gridlock_sim::net::{LinkSpec, TcpSpec};
use gridlock_sim::report::{Metrics, Report};
use gridlock_sim::stage::Stage;
use gridlock_sim::trace::{Digest, JsonLines, Names, Sink, Trace};
use gridlock_sim::units::Factor;
use gridlock_sim::workload::{Customers, Patience, RateProfile, Reload, Spacing, closed_loop, open_loop};

use crate::spec::{Arrivals, Fault, Inject, Spec, Workload};
use crate::stream::StreamCode;
use crate::world::WorldSpec;

/// What one run left behind.
#[derive(Clone, Debug)]
pub struct Run {
    /// Everything measured.
    pub report: Report,
    /// What the checkers found.
    pub findings: Vec<Finding>,
    /// The trace as JSON Lines, if it was asked for.
    pub trace: Option<String>,
}

/// Plays a resolved specification with a seed. The same specification, seed and ties give the same run, whatever else happens
/// and on whatever engine. Here it is the native one, and simultaneous events keep the order of their requests.
pub fn run<F: Sync>(spec: &Spec<WorldSpec, F>, seed: u64, keep_trace: bool) -> Run {
    run_with(Options::default(), spec, seed, keep_trace)
}

/// Decisions that a run leaves to code of others, in place of what its specification says.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// Whether a client tries again, by the name of the client, say `gateway->order`.
    pub retries: BTreeMap<String, MakeRetry>,
    /// Which calls a client makes, by its name.
    pub guards: BTreeMap<String, MakeGuard>,
    /// What the stream leaves to code.
    pub stream: StreamCode,
}

/// Plays as [`run`] does, on the engine and with the ties of `options`.
pub fn run_with<F: Sync>(options: Options, spec: &Spec<WorldSpec, F>, seed: u64, keep_trace: bool) -> Run {
    run_code(options, &Code::default(), spec, seed, keep_trace)
}

/// Plays as [`run_with`] does, and lets `code` decide what it wants to. The same code, if it decides by what it is told and draws from
/// what it is given alone, gives the same run.
pub fn run_code<F: Sync>(options: Options, code: &Code, spec: &Spec<WorldSpec, F>, seed: u64, keep_trace: bool) -> Run {
    let (end, step) = (SimTime::ZERO + spec.duration, spec.step);
    perform(options, code, spec, seed, move |trace| {
        let instruments = Instruments::attach(trace, step, end, keep_trace);
        move || instruments.read()
    })
}

/// Plays as [`run`] does, but measures with a sink of the caller's own and with nothing else; `read` gets it at the end.
pub(crate) fn watch<F: Sync, S: Sink + 'static, T: Send>(
    spec: &Spec<WorldSpec, F>,
    seed: u64,
    make: impl FnOnce(&Rc<Names>) -> S + Send,
    read: impl FnOnce(&S) -> T + Send + 'static,
) -> T {
    perform(Options::default(), &Code::default(), spec, seed, move |trace| {
        let sink = Rc::new(RefCell::new(make(&trace.names())));
        trace.attach(sink.clone());
        move || read(&sink.borrow())
    })
}

/// Plays a specification; `attach` attaches sinks to the trace and returns how they are read at the end.
fn perform<F: Sync, T: Send, R: FnOnce() -> T>(
    options: Options,
    code: &Code,
    spec: &Spec<WorldSpec, F>,
    seed: u64,
    attach: impl FnOnce(&Trace) -> R + Send,
) -> T {
    let end = SimTime::ZERO + spec.duration;
    let (world, workload, stream) = (&spec.world, &spec.workload, code.stream);
    let faults: Vec<fault::Fault> = spec.fault.iter().map(plan).collect();
    engine::run_with(options, seed, end, move |sim| {
        let trace = Trace::new(sim);
        let read = attach(&trace);
        let (link, tcp) = network(world);
        let stage = Stage::new(sim, &trace, link, tcp);
        code.retries.iter().for_each(|(client, make)| stage.retry(client, *make));
        code.guards.iter().for_each(|(client, make)| stage.guard(client, *make));
        let world = Rc::new(world.clone());
        world.build(&stage, &stream);
        stage.start();
        for workload in workload {
            let_in(sim, &stage, &world, workload, end);
        }
        for fault in faults {
            fault::schedule(&stage, fault);
        }
        read
    })
}

/// The sinks of a run.
struct Instruments {
    digest: Rc<RefCell<Digest>>,
    metrics: Rc<RefCell<Option<Metrics>>>,
    checkers: Rc<RefCell<Checkers>>,
    lines: Option<Rc<RefCell<String>>>,
}

impl Instruments {
    fn attach(trace: &Trace, step: SimDuration, end: SimTime, keep_trace: bool) -> Self {
        let digest = Rc::new(RefCell::new(Digest::default()));
        let metrics = Rc::new(RefCell::new(Some(Metrics::new(trace.names(), step, end))));
        let checkers = Rc::new(RefCell::new(Checkers::new(&trace.names())));
        trace.attach(digest.clone());
        trace.attach(metrics.clone());
        trace.attach(checkers.clone());
        let lines = keep_trace.then(|| {
            let text = Rc::new(RefCell::new(String::new()));
            let sink = text.clone();
            let write = move |line: &str| {
                let mut text = sink.borrow_mut();
                text.push_str(line);
                text.push('\n');
            };
            trace.attach(Rc::new(RefCell::new(JsonLines::new(trace.names(), write))));
            text
        });
        Self { digest, metrics, checkers, lines }
    }

    fn read(self) -> Run {
        let metrics = self.metrics.take().expect("a run is read once");
        let report = metrics.finish(self.digest.borrow().text());
        let findings = self.checkers.borrow().findings();
        Run { report, findings, trace: self.lines.map(|lines| lines.take()) }
    }
}

fn network(world: &WorldSpec) -> (LinkSpec, TcpSpec) {
    match world {
        WorldSpec::Shop(spec) => (spec.link.clone(), spec.tcp),
        WorldSpec::Chain(spec) => (spec.link.clone(), spec.tcp),
        WorldSpec::Stream(spec) => (spec.link.clone(), spec.tcp),
    }
}

fn let_in(sim: &Sim, stage: &Stage, world: &Rc<WorldSpec>, workload: &Workload, end: SimTime) {
    let class = workload.class.get_ref().clone();
    let node = sim.add_node(&format!("{}/{class}", world.customers()));
    let (rate, spacing) = rate(&workload.arrivals, end);
    let visit = {
        let (stage, world, class) = (stage.clone(), world.clone(), class.clone());
        Rc::new(move |customer, _press| world.visit(&stage, &class, customer))
    };
    let reload =
        workload.reload.map(|r| Reload { after: r.after, on_error: r.on_error, delay: r.delay, times: r.times });
    let customers = Customers { class, rate, spacing, patience: Patience { limit: workload.patience, reload }, visit };
    match workload.arrivals.clone() {
        Arrivals::Closed { clients, think } => {
            closed_loop(sim, stage.trace(), node, customers, clients.into(), move |draws| think.sample(draws));
        }
        _ => open_loop(sim, stage.trace(), node, customers),
    }
}

/// The arrivals of an open workload. Nobody arrives at the very end, where nobody could be answered.
fn rate(arrivals: &Arrivals, end: SimTime) -> (RateProfile, Spacing) {
    let at = |span| SimTime::ZERO + span;
    let (mut steps, spacing) = match arrivals {
        Arrivals::Constant(rate) => (vec![(SimTime::ZERO, rate.micro_hertz())], Spacing::Regular),
        Arrivals::Poisson(rate) => (vec![(SimTime::ZERO, rate.micro_hertz())], Spacing::Poisson),
        Arrivals::Steps(steps) => (steps.iter().map(|s| (at(s.at), s.rate.micro_hertz())).collect(), Spacing::Poisson),
        Arrivals::Burst { base, peak, at: start, length } => {
            let (base, peak) = (base.micro_hertz(), peak.micro_hertz());
            (vec![(SimTime::ZERO, base), (at(*start), peak), (at(*start + *length), base)], Spacing::Poisson)
        }
        Arrivals::Closed { .. } => (Vec::new(), Spacing::Poisson),
    };
    steps.push((end, 0));
    (RateProfile(steps), spacing)
}

fn plan(fault: &Fault) -> fault::Fault {
    let (name, kind) = kind(&fault.inject);
    // A crash is over at once; what it leaves behind is up to the supervisor.
    let end = fault.end().or(matches!(fault.inject, Inject::Crash { .. }).then_some(fault.at));
    fault::Fault { name, at: SimTime::ZERO + fault.at, until: end.map(|end| SimTime::ZERO + end), kind }
}

/// What a fault is called and what it does. The part before the colon names the faulted part.
fn kind(inject: &Inject) -> (String, Kind) {
    let text = |name: &toml::Spanned<String>| name.get_ref().clone();
    match inject {
        Inject::Slow { node, factor } => (
            format!("{}: slow CPU, x{}", node.get_ref(), times(*factor)),
            Kind::Slow { node: text(node), factor: *factor },
        ),
        Inject::Pause { node } => (format!("{}: stopped", node.get_ref()), Kind::Pause { node: text(node) }),
        Inject::Crash { node } => (format!("{}: crash", node.get_ref()), Kind::Crash { node: text(node) }),
        Inject::Down { node } => (format!("{}: down", node.get_ref()), Kind::Down { node: text(node) }),
        Inject::Stop { node } => (format!("{}: asked to stop", node.get_ref()), Kind::Stop { node: text(node) }),
        Inject::HostLoss { node } => (format!("{}: host lost", node.get_ref()), Kind::HostLoss { node: text(node) }),
        Inject::Cut { from, to, both } => {
            let (from, to) = (text(from), text(to));
            let arrow = if *both { "<->" } else { "->" };
            (format!("{from}{arrow}{to}: link cut"), Kind::Cut { from, to, both: *both })
        }
        Inject::Loss { from, to, percent } => {
            let (from, to, ppm) = (text(from), text(to), percent.ppm());
            (format!("{from}->{to}: {} % loss", f64::from(ppm) / 10_000.0), Kind::Loss { from, to, ppm })
        }
        Inject::Delay { from, to, by } => {
            let (from, to) = (text(from), text(to));
            (format!("{from}->{to}: {by} slower"), Kind::Delay { from, to, by: *by })
        }
        Inject::PoolShrink { pool, size } => {
            (format!("{}: shrunk to {size}", pool.get_ref()), Kind::PoolShrink { pool: text(pool), size: *size })
        }
    }
}

fn times(factor: Factor) -> f64 {
    factor.0 as f64 / 1000.0
}
