//! What a consumer does, told to the checkers: what it owns, what it has processed, what it has committed.

use std::rc::Rc;

use gridlock_sim::kafka::consumer::{Consumer, ConsumerEvent, Handler, handler};
use gridlock_sim::kafka::facts;
use gridlock_sim::trace::Trace;

/// The handler, telling what it has processed; whatever it returns was processed.
pub fn telling(trace: &Trace, group: &str, handle: Handler) -> Handler {
    let (trace, group): (Trace, Rc<str>) = (trace.clone(), group.into());
    handler(move |delivery| {
        let (trace, group, done) = (trace.clone(), group.clone(), handle(delivery.clone()));
        async move {
            let result = done.await;
            if result.is_ok() {
                trace.emit(facts::processed(&trace, &group, &delivery.partition, delivery.offset));
            }
            result
        }
    })
}

/// Tells what a kafkajs consumer of `group` comes to own and commits.
pub fn listen(trace: &Trace, group: &str, consumer: &Consumer) {
    let (trace, group): (Trace, Rc<str>) = (trace.clone(), group.into());
    consumer.on(move |event| tell(&trace, &group, None, event));
}

/// Tells one event of a member of `group`. A static member is its instance: after a restart it has another id and the same share of
/// the same generation (KIP-345).
pub fn tell(trace: &Trace, group: &str, instance: Option<&str>, event: &ConsumerEvent) {
    match event {
        ConsumerEvent::Joined { generation, member, partitions, .. } => {
            let owner = instance.unwrap_or(member);
            for partition in partitions {
                trace.emit(facts::owner(trace, (group, *generation), partition, owner));
            }
        }
        ConsumerEvent::Committed(offsets) => {
            for (partition, next) in offsets {
                trace.emit(facts::committed(trace, group, partition, *next));
            }
        }
        _ => {}
    }
}
