//! G9: a backlog B drains in B / (C - lambda). One partition, so that events are processed in the order in which they came.

use std::rc::Rc;

use gridlock_sim::engine::SimTime;
use gridlock_sim::trace::{Event, Name, Names, Sink};

use super::{Bound, Check, Effort, Row, spec};
use crate::run::watch;

pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let loads: &[u32] = if effort == Effort::Full { &[4, 10, 15] } else { &[10] };
    loads.iter().map(|&rate| Check::new(200, move || rows(rate))).collect()
}

/// The consumer's capacity, C: 50 ms of CPU for each event.
const CAPACITY: f64 = 20.0;
/// When the only consumer is killed, and for how long.
const KILLED: u64 = 40;
const GONE: u64 = 60;

fn rows(rate: u32) -> Vec<Row> {
    let text = format!(
        "title = 't'\nsummary = 's'\nduration = '330s'\n[world.stream.topic]\npartitions = 1\n[world.stream.consumers]\ncpu = {{ constant = '50ms' }}\n\
         [[workload]]\nclass = 'orders'\narrivals = {{ constant = {rate} }}\n\
         [[fault]]\nat = '{KILLED}s'\nfor = '{GONE}s'\ninject = {{ down = {{ node = 'consumer-1' }} }}\n"
    );
    let backlog = watch(&spec(&text), 1, Backlog::new, |backlog| backlog.found());
    let theory = backlog.left as f64 / (CAPACITY - f64::from(rate));
    let quantity = format!("B = {} drain at C = 20/s, λ = {rate}/s", backlog.left);
    let outage = backlog.outage * f64::from(rate);
    vec![
        Row::new("G9", format!("backlog after {:.1} s at {rate}/s", backlog.outage), outage, backlog.left as f64)
            .unit("events")
            .bound(Bound::Percent(3.0)),
        Row::new("G9", quantity, theory, backlog.drained).unit("s").bound(Bound::Percent(5.0)),
        Row::new("G9", "the oldest waits as long as the outage", backlog.outage, backlog.oldest)
            .unit("s")
            .bound(Bound::Percent(3.0)),
    ]
}

/// Follows the accepted events that are not processed yet.
struct Backlog {
    accepted: Name,
    waiting: u64,
    /// The last end of processing before the outage, the first after it with the backlog at that time, and when the backlog was gone.
    before: SimTime,
    back: Option<(SimTime, u64)>,
    gone: Option<SimTime>,
    oldest: f64,
}

struct Found {
    left: u64,
    outage: f64,
    drained: f64,
    oldest: f64,
}

impl Backlog {
    fn new(names: &Rc<Names>) -> Self {
        let accepted = names.intern("orders.e2e");
        Self { accepted, waiting: 0, before: SimTime::ZERO, back: None, gone: None, oldest: 0.0 }
    }

    fn processed(&mut self, at: SimTime, waited: f64) {
        if at < SimTime::from_secs(KILLED) {
            self.before = at;
            return;
        }
        self.back.get_or_insert((at, self.waiting));
        self.waiting_is_over(at);
        self.oldest = self.oldest.max(waited);
    }

    /// Nobody waits but the one who comes next.
    fn waiting_is_over(&mut self, at: SimTime) {
        if self.waiting <= 1 {
            self.gone.get_or_insert(at);
        }
    }

    fn found(&self) -> Found {
        let (back, left) = self.back.expect("the consumer comes back");
        let gone = self.gone.expect("the backlog drains");
        let outage = back.since(self.before).as_secs_f64();
        Found { left, outage, drained: gone.since(back).as_secs_f64(), oldest: self.oldest }
    }
}

impl Sink for Backlog {
    fn record(&mut self, at: SimTime, event: &Event) {
        match *event {
            Event::Arrived { class, .. } if class == self.accepted => self.waiting += 1,
            Event::Served { class, waited, .. } if class == self.accepted => {
                self.waiting -= 1;
                self.processed(at, waited.as_secs_f64());
            }
            _ => {}
        }
    }
}
