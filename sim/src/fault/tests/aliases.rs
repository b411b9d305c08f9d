//! Goal: a fault hits whoever bears an alias when it begins, and lets go of the same one. Method: as in the parent, with a `boss` who is
//! `a` before 15 s and `b` afterwards, and a `nobody`.

use super::*;
use crate::trace::Sink;

fn office(stage: &Stage) {
    let sim = stage.sim().clone();
    stage.alias("boss", move || Some(if sim.now() < at(15) { "a" } else { "b" }.into()));
    stage.alias("nobody", || None);
}

/// The facts of a run.
#[derive(Default)]
struct Facts(Vec<Event>);

impl Sink for Facts {
    fn record(&mut self, _: SimTime, event: &Event) {
        if matches!(event, Event::Fact { .. }) {
            self.0.push(*event);
        }
    }
}

/// How many faults say that they have no target.
fn aimless(faults: Vec<Fault>) -> usize {
    engine::run(1, at(60), move |sim| {
        let (trace, facts) = (Trace::new(sim), Rc::new(RefCell::new(Facts::default())));
        trace.attach(facts.clone());
        let stage = Stage::new(sim, &trace, LinkSpec::default(), TcpSpec::default());
        for name in ["a", "b"] {
            stage.service(name, ProcessSpec::default());
        }
        office(&stage);
        stage.start();
        let expected = |fault: &Fault| without_target(&stage, trace.name(&fault.name));
        let expected: Vec<Event> = faults.iter().map(expected).collect();
        faults.into_iter().for_each(|fault| schedule(&stage, fault));
        move || expected.into_iter().filter(|fact| facts.borrow().0.contains(fact)).count()
    })
}

#[test]
fn the_bearer_at_the_beginning_is_hit_until_the_end() {
    assert_eq!(play_on(office, vec![fault(10, 40, slow("boss", 3))], computing), [10, 30, 30, 30, 10]);
    assert_eq!(play_on(office, overlapping(slow("boss", 3), slow("boss", 2)), computing), [10, 30, 30, 10, 10]);
    let boss = Kind::Down { node: "boss".into() };
    assert_eq!(play_on(office, overlapping(boss.clone(), boss), up), [1, 0, 0, 1, 1]);
}

#[test]
fn faults_on_an_alias_and_on_its_bearer_nest() {
    assert_eq!(play_on(office, overlapping(slow("boss", 3), slow("a", 2)), computing), [10, 30, 30, 20, 10]);
    let boss = Kind::Pause { node: "boss".into() };
    assert_eq!(play_on(office, overlapping(boss, pause()), computing), [10, SILENT, SILENT, SILENT, 10]);
}

#[test]
fn both_ends_of_a_link_can_be_aliases() {
    let faults = vec![fault(10, 40, cut("boss", "b", false))];
    assert_eq!(play_on(office, faults, refusal), [0, SILENT, SILENT, SILENT, 0]);
    let faults = vec![fault(20, 40, cut("a", "boss", false))];
    assert_eq!(play_on(office, faults, refusal), [0, 0, SILENT, SILENT, 0]);
}

#[test]
fn a_fault_without_a_target_does_nothing_and_says_so() {
    let down = Kind::Down { node: "nobody".into() };
    assert_eq!(play_on(office, vec![fault(10, 40, down.clone())], up), [1; 5]);
    assert_eq!(play_on(office, vec![fault(10, 40, cut("boss", "a", true))], refusal), [0; 5]); // to itself
    let faults = vec![fault(10, 40, down), fault(11, 40, cut("a", "boss", true)), fault(12, 40, slow("nobody", 2))];
    assert_eq!(aimless(faults), 3);
    assert_eq!(aimless(vec![fault(20, 40, cut("a", "boss", true)), fault(21, 40, slow("boss", 2))]), 0);
}
