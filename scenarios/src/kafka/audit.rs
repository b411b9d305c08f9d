//! What became of every acknowledged event in the end: processed, still readable, or lost.
//!
//! An event is *lost* when it was acknowledged, was never processed, and the group that should process it will never read it: it
//! is in no partition any more, or the group's committed offset has passed it. The audit looks at the very end of the run, like a
//! clerk who compares two ledgers; no model knows what it finds.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use gridlock_sim::engine::SimTime;
use gridlock_sim::kafka::cluster::Cluster;
use gridlock_sim::kafka::types::Offset;
use gridlock_sim::stage::Stage;
use gridlock_sim::trace::Event;

use super::payload;

/// The two ledgers. Cheap to clone.
#[derive(Clone, Default)]
pub struct Audit(Rc<RefCell<Ledgers>>);

#[derive(Default)]
struct Ledgers {
    acknowledged: BTreeSet<u64>,
    processed: BTreeSet<u64>,
}

impl Audit {
    /// A customer was told that this event is accepted.
    pub fn acknowledged(&self, id: u64) {
        self.0.borrow_mut().acknowledged.insert(id);
    }

    /// It was processed.
    pub fn processed(&self, id: u64) {
        self.0.borrow_mut().processed.insert(id);
    }

    /// At the end of the run, every lost event of `topic` becomes a fact `orders.lost`.
    pub fn close(&self, stage: &Stage, cluster: &Cluster, topic: &str, group: &str) {
        self.close_all(stage, cluster, &[(topic.to_owned(), group.to_owned())]);
    }

    /// The same for events that may have moved on to other topics: topics, each with the group that reads it. What a group without
    /// commits has not read is all there is.
    pub fn close_all(&self, stage: &Stage, cluster: &Cluster, readers: &[(String, String)]) {
        let (audit, me, cluster, readers) = (self.clone(), stage.clone(), cluster.clone(), readers.to_vec());
        // What happens at the very end is in no step of a report.
        let last = SimTime::from_nanos(stage.sim().end().as_nanos().saturating_sub(1));
        stage.sim().call_at(last, move || {
            let readable: BTreeSet<u64> =
                readers.iter().flat_map(|(topic, group)| readable(&cluster, topic, group)).collect();
            let what = me.trace().name("orders.lost");
            let Ledgers { acknowledged, processed } = &*audit.0.borrow();
            for &key in acknowledged.difference(processed).filter(|id| !readable.contains(id)) {
                me.trace().emit(Event::Fact { what, key, amount: 1 });
            }
        });
    }
}

/// The events that the group can still read: those of all leaders, from its committed offsets on. A partition without a leader is read where
/// it is longest: it may come back.
fn readable(cluster: &Cluster, topic: &str, group: &str) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    for partition in cluster.partitions(topic) {
        let from = cluster.committed(group, &partition).unwrap_or(Offset(0));
        let orders = cluster.records(&partition, from).into_iter().filter_map(|record| payload::order_of(&record));
        found.extend(orders);
    }
    found
}

#[cfg(test)]
mod tests {
    //! Goal: what is on a disk is not lost, whoever is up at the end. Method: a stream whose consumer dies early and whose brokers are
    //! all away when the ledgers are compared, or have only just come back.

    use crate::spec::Scenario;
    use crate::world::WorldSpec;
    use crate::{Request, play};

    fn lost(brokers_away: &str) -> u64 {
        let away = |broker: u32| {
            format!(
                "[[fault]]\nat = \"28s\"\n{brokers_away}\ninject = {{ host_loss = {{ node = \"kafka-{broker}\" }} }}\n"
            )
        };
        let text = format!(
            "title = \"t\"\nsummary = \"s\"\nduration = \"30s\"\nworld = {{ stream = {{}} }}\n\
             [[workload]]\nclass = \"orders\"\narrivals = {{ poisson = 20 }}\n\
             [[fault]]\nat = \"20s\"\ninject = {{ down = {{ node = \"consumer-1\" }} }}\n{}{}{}",
            away(1),
            away(2),
            away(3)
        );
        let scenario = Scenario::<WorldSpec>::parse("t.toml", &text).unwrap_or_else(|error| panic!("{error}"));
        let request = Request { seed: Some(1), ..Request::plain("t") };
        let variant = play(&scenario, &request).unwrap().outcome.variants.remove(0);
        let behind = variant.metrics["orders.accepted"] - variant.metrics["orders.completed"];
        assert!(behind > 50, "only {behind} orders wait: nothing could be missed");
        variant.metrics["orders.lost"]
    }

    #[test]
    fn what_brokers_that_are_down_have_on_their_disks_is_not_lost() {
        assert_eq!(lost(""), 0);
    }

    #[test]
    fn nor_what_brokers_have_that_came_back_a_moment_ago() {
        assert_eq!(lost("for = \"100ms\""), 0);
    }
}
