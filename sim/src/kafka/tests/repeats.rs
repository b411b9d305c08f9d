//! E: where messages come twice. E2 stands with I4.

use super::*;
use crate::kafka::client::{ProducerConfig, RetryConfig};
use crate::kafka::types::Acks;

/// The first send was stored, its acknowledgement never came, and the application sends again.
#[test]
fn e3_a_send_that_failed_and_was_stored_is_doubled_when_it_is_sent_again() {
    let topic = TopicConfig { partitions: 1, replication_factor: 2, min_insync: 2, ..TopicConfig::default() };
    Lab::play(1, 70, topic, async |lab| {
        let site = lab.service("app");
        let config =
            ClientConfig { retry: RetryConfig { retries: 1, ..RetryConfig::default() }, ..ClientConfig::default() };
        let producer = lab.cluster.client(&site, "app->kafka", config).producer(ProducerConfig::default());
        producer.connect().await.expect("brokers are up");
        let state = lab.cluster.state_of(&TopicPartition::new(TOPIC, 0)).expect("it exists");
        let follower = *state.replicas.iter().find(|id| **id != lab.leader(0)).expect("there are two");
        lab.kill(follower);
        lab.send(&producer, 0, "order").await.expect_err("too few in sync");
        lab.node(follower).process.start();
        lab.sleep(secs(15)).await;
        lab.send(&producer, 0, "order").await.expect("is stored");
        assert_eq!(lab.log(0), ["order", "order"]);
    });
}

/// Up to a whole batch: it is committed at its end (D4).
#[test]
fn e8_a_death_in_mid_batch_brings_the_whole_batch_again() {
    Lab::play(1, 60, TopicConfig { partitions: 1, ..three_by_three() }, async |lab| {
        let producer = lab.producer(&lab.service("app"), Acks::All).await;
        for value in ["a", "b", "c", "d"] {
            lab.send(&producer, 0, value).await.expect("is stored");
        }
        let slow = Handling { takes: secs(1), ..Handling::default() };
        let reader = lab.member("reader", "g", slow.clone());
        lab.wait_until(|_| reader.did().len() == 3).await;
        reader.kill();
        let next = lab.member("next", "g", slow);
        lab.wait_until(|_| next.did().len() == 4).await;
        assert_eq!(
            (reader.did(), next.did()),
            (vec!["a".into(), "b".into(), "c".into()], ["a", "b", "c", "d"].map(String::from).to_vec())
        );
    });
}

/// A handler of 45 s outlasts the session of 30 s: another member gets the message while the first still works on it. On one broker:
/// with more, the long polls of the others go on, and their heartbeats keep the session (see below).
#[test]
fn e10_an_expired_session_has_two_members_work_on_one_message() {
    let mut spec = ClusterSpec { nodes: 1, ..ClusterSpec::default() };
    spec.server.groups.replication_factor = 1;
    Lab::play_on(spec, 1, 110, TopicConfig::default(), async |lab| {
        let members = two_slow_members(&lab).await;
        lab.wait_until(|_| members.iter().all(|member| !member.did().is_empty())).await;
        let spans = members.clone().map(|member| {
            let read = member.times(|line| matches!(line, Line::Read(..)))[0];
            (read, member.times(|line| matches!(line, Line::Did(_)))[0])
        });
        assert!(spans[0].0 < spans[1].1 && spans[1].0 < spans[0].1, "at the same time: {spans:?}");
        let apart = spans[0].0.since(spans[1].0).max(spans[1].0.since(spans[0].0)).as_millis();
        between("apart", apart, 25_000, 36_000);
    });
}

/// A fetch that comes back empty sends a heartbeat also while a handler works (KJ:consumer/runner.js, `fetch`). Measured with kafkajs
/// 2.2.4 on three brokers, one partition, a handler of 45 s: no rebalance, and its commit was accepted.
#[test]
fn d2_long_polls_of_other_brokers_keep_the_session_of_a_busy_member() {
    Lab::play(1, 80, TopicConfig { partitions: 1, ..three_by_three() }, async |lab| {
        let members = two_slow_members(&lab).await;
        lab.wait_until(|_| members.iter().any(|member| !member.did().is_empty())).await;
        lab.sleep(secs(10)).await;
        assert_eq!(members.iter().map(|member| member.read().len()).sum::<usize>(), 1, "nobody was thrown out");
    });
}

/// Two members of a group, and a message that takes either of them 45 s.
async fn two_slow_members(lab: &Lab) -> [Member; 2] {
    let slow = Handling { takes: secs(45), ..Handling::default() };
    let members = ["a", "b"].map(|name| lab.member(name, "g", slow.clone()));
    lab.wait_until(|_| members.iter().all(|member| !member.joins().is_empty())).await;
    lab.sleep(secs(1)).await;
    let producer = lab.producer(&lab.service("app"), Acks::All).await;
    lab.send(&producer, 0, "slow").await.expect("is stored");
    members
}
