//! Goal: every checker can fire, and is quiet without a cause. Method: for each a world that plays in two ways: as it should, and with one
//! mistake in a model, a policy, or the way it is put together. The mistake must make its checker fire, and nothing else may differ.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use gridlock_scenarios::run::run;
use gridlock_scenarios::spec::{Ignored, Scenario};
use gridlock_scenarios::stream::StreamSpec;
use gridlock_scenarios::world::WorldSpec;
use gridlock_sim::check::Checkers;
use gridlock_sim::engine::{self, SimDuration, SimTime};
use gridlock_sim::grpc::policy::BreakerPolicy;
use gridlock_sim::grpc::{Client, ClientPolicy, Message, Server, ServerPolicy, Status};
use gridlock_sim::kafka::assignor::Assignor;
use gridlock_sim::net::{LinkSpec, TcpSpec};
use gridlock_sim::process::{Pool, PoolSpec, Process, ProcessSpec};
use gridlock_sim::stage::Stage;
use gridlock_sim::trace::{Code, Event, Name, Sink, Trace};
use gridlock_sim::workload::{Customers, Patience, RateProfile, Spacing, open_loop};
use gridlock_tests::catalogue::outcome;

/// Names of properties.
type Violated = BTreeSet<String>;

/// What is violated in a world that plays as it should (false) or with its mistake (true).
type Play = fn(bool) -> Violated;

/// A mutation for every checker, in the order of the checkers.
const MUTATIONS: [(&str, Play); 11] = [
    ("requests_conserved", two_crowds_of_one_name),
    ("orders_applied_once", a_consumer_that_does_not_know_what_it_has_done),
    ("acknowledged_orders_kept", acks_of_the_leader_alone),
    ("stock_never_negative", a_reservation_that_looks_first),
    ("gauges_within_bounds", a_pool_larger_than_it_says),
    ("breaker_transitions", two_breakers_of_one_name),
    ("clock_monotone", a_node_that_stamps_by_its_own_clock),
    ("high_watermark_monotone", a_leader_that_commits_by_itself),
    ("one_owner_per_generation", an_assignor_that_gives_everything_to_everybody),
    ("commits_not_ahead_of_processing", a_handler_that_awaits_nothing),
    ("key_order_kept", a_retry_topic),
];

#[test]
fn every_checker_fires_for_its_mutation_and_not_without_it() {
    let failures = std::thread::scope(|scope| {
        let plays = MUTATIONS.map(|(name, play)| scope.spawn(move || failure(name, play)));
        plays.map(|play| play.join().expect("a world that can be played")).into_iter().flatten().collect::<Vec<_>>()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn failure(name: &str, play: Play) -> Option<String> {
    let (sound, broken) = (play(false), play(true));
    let holds = !sound.contains(name) && broken.contains(name);
    (!holds).then(|| format!("{name}: {sound:?} are violated without the mutation, {broken:?} with it"))
}

#[test]
fn no_checker_is_without_a_mutation() {
    let names = engine::run(1, SimTime::ZERO, |sim| {
        let findings = Checkers::new(&Trace::new(sim).names()).findings();
        move || findings.iter().map(|finding| finding.name).collect::<Vec<_>>()
    });
    assert_eq!(names, MUTATIONS.map(|(name, _)| name));
}

/// A minute of a world that is put together by hand, as `checkers` see it.
fn built<S: Sink + 'static>(
    build: impl FnOnce(&Stage) + Send,
    front: impl FnOnce(Rc<RefCell<Checkers>>, &Trace) -> S + Send,
) -> Violated {
    engine::run(1, SimTime::from_secs(60), move |sim| {
        let trace = Trace::new(sim);
        let checkers = Rc::new(RefCell::new(Checkers::new(&trace.names())));
        trace.attach(Rc::new(RefCell::new(front(checkers.clone(), &trace))));
        let stage = Stage::new(sim, &trace, LinkSpec::default(), TcpSpec::default());
        build(&stage);
        stage.start();
        move || {
            let findings = checkers.borrow().findings();
            findings.into_iter().filter(|finding| !finding.held).map(|finding| finding.name.to_owned()).collect()
        }
    })
}

/// Hands on what it sees; what one process says is stamped by that process's own clock, which is behind.
struct Stamps {
    checkers: Rc<RefCell<Checkers>>,
    process: Name,
    behind: SimDuration,
}

impl Sink for Stamps {
    fn record(&mut self, at: SimTime, event: &Event) {
        let own = matches!(*event, Event::Ran { process, .. } if process == self.process);
        let behind = if own { self.behind } else { SimDuration::ZERO };
        let stamp = SimTime::from_nanos(at.as_nanos().saturating_sub(behind.as_nanos()));
        self.checkers.borrow_mut().record(stamp, event);
    }
}

/// The clock of nobody is behind.
fn true_clocks(checkers: Rc<RefCell<Checkers>>, trace: &Trace) -> Stamps {
    Stamps { checkers, process: trace.name("nobody"), behind: SimDuration::ZERO }
}

/// A process that computes for a millisecond ten times a second.
fn busy(stage: &Stage, name: &str) -> Process {
    let process = stage.service(name, ProcessSpec::default()).process;
    let own = process.clone();
    process.on_start(move || {
        let worker = own.clone();
        own.spawn(async move {
            loop {
                worker.sleep(SimDuration::from_millis(100)).await;
                worker.cpu(SimDuration::from_millis(1)).await;
            }
        });
    });
    process
}

fn a_node_that_stamps_by_its_own_clock(broken: bool) -> Violated {
    let behind = SimDuration::from_millis(if broken { 20 } else { 0 });
    built(
        |stage| ["order", "inventory"].into_iter().for_each(|name| drop(busy(stage, name))),
        move |checkers, trace| Stamps { checkers, process: trace.name("inventory"), behind },
    )
}

fn two_crowds_of_one_name(broken: bool) -> Violated {
    let build = move |stage: &Stage| {
        for class in ["orders", if broken { "orders" } else { "browse" }] {
            let (sim, node) = (stage.sim().clone(), stage.sim().add_node(&format!("customers/{class}")));
            let visit = Rc::new(move |_, _| -> gridlock_sim::workload::Visit {
                let answer = sim.sleep(SimDuration::from_millis(10));
                Box::pin(async move {
                    answer.await;
                    Ok(())
                })
            });
            let (rate, patience) = (RateProfile::constant(1_000_000), Patience::default());
            let customers = Customers { class: class.into(), rate, spacing: Spacing::Regular, patience, visit };
            open_loop(stage.sim(), stage.trace(), node, customers);
        }
    };
    built(build, true_clocks)
}

/// Five connections are said to be there, and eight are.
fn a_pool_larger_than_it_says(broken: bool) -> Violated {
    let build = move |stage: &Stage| {
        let process = stage.service("order", ProcessSpec::default()).process;
        let (own, stage) = (process.clone(), stage.clone());
        process.on_start(move || {
            let mut pool = stage.pool(&own, "db", PoolSpec { size: 5, ..PoolSpec::default() });
            if broken {
                pool = Pool::new(&own, "db", PoolSpec { size: 8, ..PoolSpec::default() });
            }
            for _ in 0..20 {
                let (user, pool) = (own.clone(), pool.clone());
                own.spawn(async move {
                    let _connection = pool.acquire().await.expect("the line is endless");
                    user.sleep(SimDuration::from_secs(1)).await;
                });
            }
        });
    };
    built(build, true_clocks)
}

/// A process makes two clients for one service, each with a breaker of its own, and calls both the same.
fn two_breakers_of_one_name(broken: bool) -> Violated {
    let build = move |stage: &Stage| {
        let back = stage.service("back", ProcessSpec::default());
        let (server, sim) = (back.clone(), stage.sim().clone());
        back.process.on_start(move || {
            let sim = sim.clone();
            let listening =
                Server::listen(&server, 1, ServerPolicy::default()).expect("a fresh process owns its ports");
            listening.method("Ask", move |_, _| {
                let fails = sim.now() < SimTime::from_secs(10);
                async move { if fails { Err(Status::new(Code::Unavailable, "not yet")) } else { Ok(Message::empty()) } }
            });
        });
        let front = stage.service("front", ProcessSpec::default());
        let site = front.clone();
        front.process.on_start(move || {
            for (name, begin) in [("front->back", 0), (if broken { "front->back" } else { "front->back.second" }, 1)] {
                let policy = ClientPolicy { breaker: Some(BreakerPolicy::default()), ..ClientPolicy::default() };
                let client = Client::new(&site, name, &[(back.host, 1)], policy);
                let process = site.process.clone();
                site.process.spawn(async move {
                    process.sleep(SimDuration::from_secs(begin)).await;
                    loop {
                        let _ = client.call("Ask", Message::empty(), None).await;
                        process.sleep(SimDuration::from_millis(50)).await;
                    }
                });
            }
        });
    };
    built(build, true_clocks)
}

/// A minute and a half of ten orders a second over a topic, with this in the file and a change behind the file's back.
fn stream(file: &str, change: impl FnOnce(&mut StreamSpec)) -> Violated {
    let text = format!(
        "title = 't'\nsummary = 's'\nduration = '90s'\n[[workload]]\nclass = 'orders'\narrivals = {{ poisson = 10 }}\n{file}"
    );
    let scenario: Result<Scenario<WorldSpec, Ignored>, _> = Scenario::parse("checkers.toml", &text);
    let mut spec = scenario.unwrap_or_else(|error| panic!("{}", error.render())).spec;
    let WorldSpec::Stream(world) = &mut spec.world else { panic!("a stream") };
    change(world);
    let findings = run(&spec, 1, false).findings;
    findings.into_iter().filter(|finding| !finding.held).map(|finding| finding.name.to_owned()).collect()
}

/// What is violated in a variant of the catalogue.
fn told(scenario: &'static str, variant: &str) -> Violated {
    let played = outcome(scenario).variants.iter().find(|played| played.name == variant).expect("it is played");
    played.checks.iter().filter(|(_, check)| !check.held).map(|(name, _)| name.clone()).collect()
}

/// Killed in the middle of a batch, it gets what it has done again.
fn a_consumer_that_does_not_know_what_it_has_done(broken: bool) -> Violated {
    told("duplicates", if broken { "killed" } else { "killed-idempotent" })
}

/// The leader acknowledges what its followers do not have, and dies.
fn acks_of_the_leader_alone(broken: bool) -> Violated {
    told("broker-crash", if broken { "cut-off-acks-one" } else { "cut-off-acks-all" })
}

/// Three consumers and the last piece.
fn a_reservation_that_looks_first(broken: bool) -> Violated {
    let way = if broken { "look_first" } else { "atomic" };
    let text = format!(
        "[world.stream.consumers]\ncount = 3\ncpu = {{ constant = '1ms' }}\nwait = {{ constant = '150ms' }}\n\
         stock = 300\nreservation = '{way}'\n"
    );
    stream(&text, |_| ())
}

/// It takes back what its followers turn out not to have. They are far away, so that this takes long enough to be seen.
fn a_leader_that_commits_by_itself(broken: bool) -> Violated {
    let text = "[world.stream.link]\nlatency = { constant = '150ms' }\n";
    stream(text, |world| world.cluster.server.broker.advances_alone = broken)
}

fn an_assignor_that_gives_everything_to_everybody(broken: bool) -> Violated {
    stream("[world.stream.consumers]\ncount = 2\nprofile = 'java'\n", |world| {
        if broken {
            world.consumers.java.assignors = vec![Assignor::Overlapping];
        }
    })
}

fn a_handler_that_awaits_nothing(broken: bool) -> Violated {
    stream("[world.stream.consumers]\nwait = { constant = '20ms' }\n", |world| world.consumers.awaited = !broken)
}

/// An order that fails is tried again later, behind younger ones of the same customer.
fn a_retry_topic(broken: bool) -> Violated {
    let text = "[world.stream.producer]\nhot_permille = 1000\n\
                [world.stream.poison]\norders = [300]\nkind = { fails_until = '45s' }\n";
    let way = if broken { "retry_topic" } else { "throw" };
    stream(&format!("{text}[world.stream.consumers]\nretry_attempts = 10\non_error = '{way}'\n"), |_| ())
}
