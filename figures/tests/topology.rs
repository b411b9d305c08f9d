//! Goal: a topology shows every part and way, and what is hit. Method: a made-up design, looked at as text.

use gridlock_figures::{Design, Part, PartKind, Topology, Way, topology};
use gridlock_sim::report::FaultWindow;

fn part(name: &str, rank: usize) -> Part {
    Part { name: name.into(), kind: PartKind::Service, rank, notes: vec!["10 connections".into()], aliases: Vec::new() }
}

fn svg(fault: &str) -> String {
    let way = |from: &str, to: &str| Way { from: from.into(), to: to.into(), label: "gRPC".into(), event: false };
    let fault = FaultWindow { name: fault.into(), from_us: 0, until_us: 1 };
    let design = Design {
        title: "as written".into(),
        parts: vec![part("front", 0), part("order", 1), part("inventory", 1), part("store", 2)],
        ways: vec![way("front", "order"), way("front", "inventory"), way("order", "inventory"), way("order", "store")],
        faults: vec![fault],
    };
    topology(&Topology { id: "t", title: "A shop", description: "Four parts.", designs: vec![design] }).unwrap()
}

#[test]
fn every_part_and_every_way_is_there_once() {
    let svg = svg("nobody: down");
    for name in ["front", "order", "inventory", "store"] {
        assert_eq!(svg.matches(&format!(">{name}<")).count(), 1, "{name}");
    }
    assert_eq!(svg.matches(">gRPC<").count(), 4);
    assert!(svg.contains("<title id=\"t-title\">A shop</title>") && !svg.contains("class=\"hit\""));
}

#[test]
fn what_a_fault_hits_is_marked() {
    assert_eq!(svg("store: slow CPU, x20").matches("class=\"hit\"").count(), 1);
    let cut = svg("order<->store: link cut");
    assert!(!cut.contains("class=\"hit\"") && cut.matches("stroke=\"#D55E00\"").count() >= 3, "a crossed way");
}

#[test]
fn nothing_to_draw_is_refused() {
    let nothing = Topology { id: "t", title: "", description: "", designs: vec![Design::default()] };
    assert!(topology(&nothing).is_err());
}
