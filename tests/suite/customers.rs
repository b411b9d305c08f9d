//! Goal: variants differ by design and never by luck, and adding a part moves no other. Method: the traces of all variants of
//! the headline story are taken apart: arrivals must be equal, and the CPU that inventory spends on an order must be the draw
//! of that order's id. For the idle part the shop is built by hand, with and without one more service.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use gridlock_scenarios::difference::first_difference;
use gridlock_scenarios::run::run;
use gridlock_scenarios::stream::StreamCode;
use gridlock_sim::dist::Dist;
use gridlock_sim::engine::{self, SimDuration, SimTime};
use gridlock_sim::net::{LinkSpec, TcpSpec};
use gridlock_sim::process::ProcessSpec;
use gridlock_sim::stage::Stage;
use gridlock_sim::trace::{JsonLines, Trace};
use gridlock_sim::workload::{Customers, Patience, RateProfile, Spacing, open_loop};
use gridlock_tests::catalogue::{Story, variants};
use gridlock_tests::lines::of_kind;

/// Long enough for the whole fault.
const SET: [&str; 2] = ["duration=75s", "world.shop.inventory.cpu={ exponential = \"10ms\" }"];

#[test]
fn all_variants_meet_the_same_customers_at_the_same_times() {
    let arrivals = |story: &Story| -> Vec<(String, u64, u64)> {
        let trace = story.trace(&SET);
        // What becomes of an accepted order is a class of its own, and its arrivals depend on the design.
        let arrived = of_kind(&trace, "arrived").filter(|line| !line.text("class").ends_with(".e2e"));
        arrived.map(|line| (line.text("class").to_string(), line.int("customer"), line.at_ns())).collect()
    };
    let stories = variants("cascade");
    let first = arrivals(&stories[0]);
    assert!(first.len() > 5000 && stories.len() >= 4, "{} customers", first.len());
    for story in &stories[1..] {
        assert!(arrivals(story) == first, "{story:?} meets other customers than {:?}", stories[0]);
    }
}

#[test]
fn an_order_costs_inventory_the_same_cpu_in_every_variant() {
    for story in variants("cascade") {
        let trace = story.trace(&SET);
        let reserved: BTreeSet<u64> =
            of_kind(&trace, "fact").filter(|l| l.text("what") == "stock.reserved").map(|l| l.int("key")).collect();
        let ran = of_kind(&trace, "ran").filter(|line| line.text("process") == "inventory");
        let busy: BTreeSet<u64> = ran.map(|line| line.int("busy") - line.int("gc")).collect();
        assert!(reserved.len() > 500, "{story:?} reserved {}", reserved.len());
        let demand = demands(story.spec(&SET).seed, &reserved);
        let is_strange = |id: &&u64| !busy.contains(&demand[id]) && !busy.contains(&(20 * demand[id]));
        let strange: Vec<_> = reserved.iter().filter(is_strange).collect();
        // Whoever is being computed for when the fault begins or ends is partly slow.
        assert!(strange.len() <= 2, "{story:?}: for orders {strange:?} nobody computed what was drawn for them");
    }
}

/// What the stream of inventory gives to each order, in nanoseconds.
fn demands(seed: u64, orders: &BTreeSet<u64>) -> BTreeMap<u64, u64> {
    let orders = orders.clone();
    engine::run(seed, SimTime::ZERO, move |sim| {
        let draws = sim.draws("inventory/cpu");
        let cpu = Dist::Exponential(SimDuration::from_millis(10));
        let demand = move |id: u64| (id, cpu.sample(&mut draws.at(id)).as_nanos());
        move || orders.into_iter().map(demand).collect()
    })
}

/// Chance is another, and what was decided in the file is not: when a fault begins, and who is there.
#[test]
fn another_seed_changes_all_chance_and_no_decision() {
    for variant in ["grpc-retries", "kafka"] {
        let spec = Story::new("cascade", variant).spec(&SET);
        let [one, other] = [1, 2].map(|seed| run(&spec, seed, true).trace.expect("a trace was asked for"));
        let arrivals = |trace: &str| -> BTreeSet<u64> { of_kind(trace, "arrived").map(|line| line.at_ns()).collect() };
        let (came, later) = (arrivals(&one), arrivals(&other));
        assert!(came.len() > 5000 && came.intersection(&later).count() == 0, "{variant}: two seeds, one customer");
        let decided = |trace: &str| -> Vec<String> {
            let lines = trace.lines().filter(|line| line.contains("\"kind\":\"fault\"") || is_start(line));
            lines.map(String::from).collect()
        };
        assert!(decided(&one).len() >= 5, "{variant}: nothing was decided");
        assert_eq!(decided(&one), decided(&other), "{variant}");
    }
    let orders = (1..200).collect();
    let (one, other) = (demands(1, &orders), demands(2, &orders));
    assert!(one.iter().all(|(id, demand)| other[id] != *demand), "two seeds, one service time");
}

/// A process begins with the run.
fn is_start(line: &str) -> bool {
    line.starts_with("{\"at_ns\":0,") && line.contains("\"kind\":\"started\"")
}

#[test]
fn draws_depend_on_the_key_and_not_on_who_asks_first() {
    let ask = |order: Vec<u64>| {
        engine::run(9, SimTime::ZERO, move |sim| {
            let draws = sim.draws("inventory/cpu");
            let found: BTreeMap<u64, u64> = order.into_iter().map(|key| (key, draws.at(key).next_u64())).collect();
            move || found
        })
    };
    assert_eq!(ask(vec![1, 2, 3, 4]), ask(vec![4, 2, 3, 1]));
    assert_eq!(ask(vec![1, 2, 3, 4]).into_values().collect::<BTreeSet<_>>().len(), 4);
}

#[test]
fn an_idle_service_moves_no_other_event() {
    let (without, with) = (shop(0), shop(3));
    let mentions = |line: &&str| line.contains("idle-");
    assert_eq!(without.lines().filter(mentions).count(), 0);
    assert!(with.lines().filter(mentions).count() >= 3, "the idle services were not built");
    let rest: String = with.lines().filter(|line| !mentions(line)).flat_map(|line| [line, "\n"]).collect();
    if let Some(difference) = first_difference(&without, &rest) {
        panic!("idle services move others, first in {difference}");
    }
    assert!(without.lines().count() > 20_000, "too little happened to be moved");
}

/// The trace of twenty seconds of the shop with some idle services built before it.
fn shop(idle: usize) -> String {
    let world = Rc::new(Story::new("cascade", "grpc-retries").spec(&[]).world).as_ref().clone();
    engine::run(5, SimTime::from_secs(20), move |sim| {
        let trace = Trace::new(sim);
        let text = Rc::new(RefCell::new(String::new()));
        let sink = text.clone();
        let write = move |line: &str| sink.borrow_mut().extend([line, "\n"]);
        trace.attach(Rc::new(RefCell::new(JsonLines::new(trace.names(), write))));
        let stage = Stage::new(sim, &trace, LinkSpec::default(), TcpSpec::default());
        for number in 0..idle {
            stage.service(&format!("idle-{number}"), ProcessSpec::default());
        }
        let world = Rc::new(world);
        world.build(&stage, &StreamCode::default());
        stage.start();
        for (class, rate) in [("orders", 30_000_000), ("browse", 50_000_000)] {
            let node = sim.add_node(&format!("customers/{class}"));
            let (there, shop) = (stage.clone(), world.clone());
            let visit = Rc::new(move |customer, _press| shop.visit(&there, class, customer));
            let (rate, patience) = (RateProfile::constant(rate), Patience::default());
            let customers = Customers { class: class.into(), rate, spacing: Spacing::Poisson, patience, visit };
            open_loop(sim, stage.trace(), node, customers);
        }
        move || text.take()
    })
}
