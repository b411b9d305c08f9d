//! Each customer arrives once and leaves at most once: offered = ok + failed + abandoned + pending.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::keys::Keys;
use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Name, Names, Sink};

/// `requests_conserved`.
pub(super) struct RequestsConserved {
    names: Rc<Names>,
    classes: BTreeMap<Name, Class>,
    first: First,
}

#[derive(Default)]
struct Class {
    seen: Keys,
    waiting: BTreeSet<u64>,
    offered: u64,
    left: u64,
}

impl RequestsConserved {
    pub(super) fn new(names: &Rc<Names>) -> Self {
        Self { names: names.clone(), classes: BTreeMap::new(), first: First::default() }
    }

    fn arrived(&mut self, at: SimTime, name: Name, customer: u64) {
        let class = self.classes.entry(name).or_default();
        class.offered += 1;
        class.waiting.insert(customer);
        if !class.seen.insert(customer) {
            self.first.note(at, || format!("{} customer {customer} arrived twice", self.names.text(name)));
        }
    }

    fn left(&mut self, at: SimTime, name: Name, customer: u64) {
        let class = self.classes.entry(name).or_default();
        class.left += 1;
        if !class.waiting.remove(&customer) {
            let how = if class.seen.contains(customer) { "twice" } else { "before arriving" };
            self.first.note(at, || format!("{} customer {customer} left {how}", self.names.text(name)));
        }
    }
}

impl Sink for RequestsConserved {
    fn record(&mut self, at: SimTime, event: &Event) {
        match *event {
            Event::Arrived { class, customer } => self.arrived(at, class, customer),
            Event::Served { class, customer, .. }
            | Event::Failed { class, customer, .. }
            | Event::Abandoned { class, customer, .. } => self.left(at, class, customer),
            _ => {}
        }
    }
}

impl Check for RequestsConserved {
    fn name(&self) -> &'static str {
        "requests_conserved"
    }

    fn kinds(&self) -> Kinds {
        Kinds::CUSTOMERS
    }

    fn violation(&self) -> Option<String> {
        let unequal = |(name, class): (&Name, &Class)| {
            let (name, pending) = (self.names.text(*name), class.waiting.len() as u64);
            let told = format!("{name}: {} offered, but {} left and {pending} wait", class.offered, class.left);
            (class.offered != class.left + pending).then_some(told)
        };
        self.first.0.clone().or_else(|| self.classes.iter().find_map(unequal))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::first_violation;
    use super::*;
    use crate::engine::SimDuration;
    use crate::trace::Code;

    const WAITED: SimDuration = SimDuration::ZERO;

    fn arrived(names: &Names, customer: u64) -> Event {
        Event::Arrived { class: names.intern("browse"), customer }
    }

    fn served(names: &Names, customer: u64) -> Event {
        Event::Served { class: names.intern("browse"), customer, waited: WAITED }
    }

    fn violation(story: impl Fn(&Names) -> Vec<(u64, Event)>) -> Option<String> {
        first_violation(RequestsConserved::new, story)
    }

    #[test]
    fn customers_who_come_and_go_are_conserved() {
        let found = violation(|names| {
            let class = names.intern("browse");
            let failed = Event::Failed { class, customer: 2, code: Code::Unavailable, waited: WAITED };
            let gone = Event::Abandoned { class, customer: 3, waited: WAITED };
            let arrivals = (1..=4).map(|customer| (1, arrived(names, customer)));
            let elsewhere = Event::Arrived { class: names.intern("orders"), customer: 1 };
            arrivals.chain([(2, served(names, 1)), (2, failed), (2, gone), (3, elsewhere)]).collect()
        });
        assert_eq!(found, None);
    }

    #[test]
    fn arriving_twice_fires() {
        let found = violation(|names| vec![(1, arrived(names, 1)), (2, arrived(names, 1))]);
        assert_eq!(found.as_deref(), Some("at 2 s: browse customer 1 arrived twice"));
    }

    #[test]
    fn leaving_twice_fires() {
        let found = violation(|names| vec![(1, arrived(names, 1)), (2, served(names, 1)), (3, served(names, 1))]);
        assert_eq!(found.as_deref(), Some("at 3 s: browse customer 1 left twice"));
    }

    #[test]
    fn being_served_before_arriving_fires() {
        let found = violation(|names| vec![(1, served(names, 1)), (2, arrived(names, 1))]);
        assert_eq!(found.as_deref(), Some("at 1 s: browse customer 1 left before arriving"));
    }
}
