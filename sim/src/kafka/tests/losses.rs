//! E: where messages are lost. E9 stands with I6, E13 with transactions.
//! Of E5 the lost disk is not modelled: a node that comes back has what it had.

use super::*;
use crate::kafka::client::{ConsumerConfig, ProducerConfig, RetryConfig};
use crate::kafka::producer::Producer;
use crate::kafka::types::Acks;

fn one_partition() -> TopicConfig {
    TopicConfig { partitions: 1, ..three_by_three() }
}

impl Lab {
    async fn ready_producer(&self, acks: Acks) -> Producer {
        let producer = self.producer(&self.service("app"), acks).await;
        self.send(&producer, 0, "before").await.expect("is stored");
        producer
    }

    /// Cuts a node off from the other nodes, or heals that; clients reach it all the time.
    fn isolate(&self, id: BrokerId, cut: bool) {
        let me = self.node(id).host;
        for other in self.cluster.brokers().iter().filter(|other| **other != id).map(|other| self.node(*other).host) {
            self.stage.net().cut(me, other, cut);
            self.stage.net().cut(other, me, cut);
        }
    }
}

/// Acknowledged by a leader that dies before its followers have fetched: the links between them are cut for these 100 ms.
#[test]
fn e1_acks_1_loses_what_a_dying_leader_did_not_replicate() {
    Lab::play(1, 50, one_partition(), async |lab| {
        let producer = lab.ready_producer(Acks::Leader).await;
        let leader = lab.leader(0);
        lab.isolate(leader, true);
        lab.send(&producer, 0, "lost").await.expect("is acknowledged");
        lab.sleep(millis(100)).await;
        assert_eq!(lab.log(0), ["before", "lost"]);
        lab.kill(leader);
        lab.isolate(leader, false);
        lab.wait_until(|lab| lab.leader(0) != leader).await;
        lab.node(leader).process.start(); // it comes back and cuts off what nobody else has
        lab.sleep(secs(20)).await;
        assert_eq!(lab.log(0), ["before"]);
    });
}

#[test]
fn e1_acks_0_loses_what_nobody_has_received() {
    Lab::play(1, 30, one_partition(), async |lab| {
        let producer = lab.producer(&lab.service("app"), Acks::None).await;
        lab.send(&producer, 0, "before").await.expect("nobody is asked");
        lab.sleep(secs(1)).await;
        lab.kill(lab.leader(0));
        lab.send(&producer, 0, "lost").await.expect("nobody is asked");
        lab.sleep(secs(15)).await;
        assert_eq!(lab.log(0), ["before"]);
    });
}

/// The send fails and the application drops the message.
#[test]
fn e3_a_send_that_used_up_its_retries_is_lost_if_nobody_keeps_it() {
    Lab::play(1, 40, one_partition(), async |lab| {
        let site = lab.service("app");
        let config =
            ClientConfig { retry: RetryConfig { retries: 2, ..RetryConfig::default() }, ..ClientConfig::default() };
        let producer = lab.cluster.client(&site, "app->kafka", config).producer(ProducerConfig::default());
        producer.connect().await.expect("brokers are up");
        lab.send(&producer, 0, "before").await.expect("is stored");
        lab.kill(lab.leader(0));
        let error = lab.send(&producer, 0, "lost").await.expect_err("nobody leads");
        assert!(error.starts_with("retries are used up"), "{error}");
        lab.sleep(secs(20)).await;
        lab.send(&producer, 0, "after").await.expect("is stored");
        assert_eq!(lab.log(0), ["before", "after"]);
    });
}

/// A dual write: the process dies between its database and its send. In this order the event is lost, in the other it is a phantom.
#[test]
fn e4_a_death_between_two_writes_leaves_one_of_them() {
    for send_first in [false, true] {
        Lab::play(1, 20, one_partition(), async move |lab| {
            let (site, rows) = (lab.service("orders"), Rc::new(RefCell::new(Vec::new())));
            let producer = lab.producer(&site, Acks::All).await;
            let (orders, rows_of, process) = (lab.clone(), rows.clone(), site.process.clone());
            site.process.spawn(async move {
                if send_first {
                    orders.send(&producer, 0, "order").await.expect("is stored");
                    process.sleep(secs(1)).await;
                    rows_of.borrow_mut().push("order");
                } else {
                    rows_of.borrow_mut().push("order");
                    process.sleep(secs(1)).await;
                    orders.send(&producer, 0, "order").await.expect("is stored");
                }
            });
            lab.sleep(millis(500)).await;
            site.process.exit(Exit::Crashed);
            lab.sleep(secs(3)).await;
            assert_eq!((rows.borrow().len(), lab.log(0).len()), if send_first { (0, 1) } else { (1, 0) });
        });
    }
}

/// The follower is out of sync, the leader alone acknowledges, and dies. An unclean election takes the follower; a clean one waits.
#[test]
fn e5_an_unclean_election_loses_what_was_acknowledged() {
    for unclean_election in [true, false] {
        let topic = TopicConfig {
            partitions: 1,
            replication_factor: 2,
            min_insync: 1,
            unclean_election,
            ..TopicConfig::default()
        };
        Lab::play(1, 70, topic, async move |lab| {
            let producer = lab.ready_producer(Acks::All).await;
            let state = lab.cluster.state_of(&TopicPartition::new(TOPIC, 0)).expect("it exists");
            let (leader, follower) =
                (lab.leader(0), *state.replicas.iter().find(|id| **id != lab.leader(0)).expect("two"));
            lab.kill(follower);
            lab.wait_until(|lab| lab.is_fenced(follower)).await;
            lab.send(&producer, 0, "late").await.expect("the leader is the whole ISR");
            lab.kill(leader);
            lab.node(follower).process.start();
            lab.sleep(secs(30)).await;
            let state = lab.cluster.state_of(&TopicPartition::new(TOPIC, 0)).expect("it exists");
            assert_eq!(state.leader, unclean_election.then_some(follower));
            lab.node(leader).process.start();
            lab.sleep(secs(15)).await;
            assert_eq!(lab.log(0), if unclean_election { vec!["before"] } else { vec!["before", "late"] });
        });
    }
}

/// Retention passes what the group has not read.
#[test]
fn e6_retention_deletes_what_a_lagging_group_has_not_read() {
    let mut spec = ClusterSpec::default();
    spec.server.broker.retention_check = secs(5); // instead of 5 min
    let topic = TopicConfig { retention: secs(20), segment_age: secs(5), ..one_partition() };
    Lab::play_on(spec, 1, 90, topic, async |lab| {
        let producer = lab.ready_producer(Acks::All).await;
        let reader = lab.member("reader", "g", Handling::default());
        lab.wait_until(|_| !reader.read().is_empty()).await;
        reader.disconnect().await;
        lab.send(&producer, 0, "unread").await.expect("is stored");
        lab.sleep(secs(40)).await;
        lab.send(&producer, 0, "fresh").await.expect("is stored");
        let again = lab.member("again", "g", Handling::default());
        lab.wait_until(|_| !again.read().is_empty()).await;
        assert_eq!(again.read(), ["fresh"]);
    });
}

/// A handler that works on in the background lets its offset be committed before the work is done.
#[test]
fn e7_a_commit_before_the_work_loses_it_when_the_process_dies() {
    Lab::play(1, 40, one_partition(), async |lab| {
        lab.ready_producer(Acks::All).await;
        let handling = Handling { takes: secs(10), in_background: true, ..Handling::default() };
        let reader = lab.member("reader", "g", handling.clone());
        lab.wait_until(|_| !reader.read().is_empty()).await;
        lab.sleep(secs(1)).await;
        reader.disconnect().await;
        reader.kill();
        let again = lab.member("again", "g", handling);
        lab.sleep(secs(10)).await;
        assert_eq!((reader.did().len(), again.read().len()), (0, 0));
    });
}

/// The group has never committed, and starts at the end each time.
#[test]
fn e11_latest_without_a_commit_loses_what_came_meanwhile() {
    Lab::play(1, 60, one_partition(), async |lab| {
        let producer = lab.ready_producer(Acks::All).await;
        let latest =
            |name: &str| lab.member_with(&lab.service(name), "g", ConsumerConfig::default(), Handling::default());
        let reader = latest("reader");
        lab.wait_until(|_| !reader.joins().is_empty()).await;
        lab.sleep(secs(1)).await;
        reader.disconnect().await;
        lab.send(&producer, 0, "meanwhile").await.expect("is stored");
        let again = latest("again");
        lab.wait_until(|_| !again.joins().is_empty()).await;
        lab.sleep(secs(1)).await;
        lab.send(&producer, 0, "after").await.expect("is stored");
        lab.wait_until(|_| !again.read().is_empty()).await;
        assert_eq!((reader.read().len(), again.read()), (0, vec!["after".to_owned()]));
    });
}

/// Offsets of an empty group expire; then `fromBeginning` decides: all again, or none of what came.
#[test]
fn e12_expired_offsets_replay_or_skip_everything() {
    for (from_beginning, expected) in [(true, vec!["before", "meanwhile"]), (false, vec![])] {
        let mut spec = ClusterSpec::default();
        (spec.server.groups.offsets_retention, spec.server.groups.retention_check) = (secs(20), secs(5)); // instead of 7 d, 10 min
        let read = Lab::play_on(spec, 1, 80, one_partition(), async move |lab| {
            let producer = lab.ready_producer(Acks::All).await;
            let reader = lab.member("reader", "g", Handling::default());
            lab.wait_until(|_| !reader.read().is_empty()).await;
            lab.sleep(secs(1)).await;
            reader.disconnect().await;
            lab.send(&producer, 0, "meanwhile").await.expect("is stored");
            lab.sleep(secs(40)).await;
            let config = ConsumerConfig { from_beginning, ..ConsumerConfig::default() };
            let again = lab.member_with(&lab.service("again"), "g", config, Handling::default());
            lab.wait_until(|_| !again.joins().is_empty()).await;
            lab.sleep(secs(5)).await;
            again.read()
        });
        assert_eq!(read, expected);
    }
}
