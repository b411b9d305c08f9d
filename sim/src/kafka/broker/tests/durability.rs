//! Goal: what is acknowledged, and what becomes of it (B2, E, I1, I4). Method: send, kill, wait, look into the logs.

use super::*;

#[test]
fn acks_all_waits_for_everybody_in_sync() {
    // Three in sync: the answer comes after a round of the followers, with the record in all three logs.
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    let sent_at = cluster.now;
    let (all, leader) = (cluster.send(ONE, &orders, "a", Acks::All), cluster.send(ONE, &orders, "b", Acks::Leader));
    cluster.run(millis(2));
    assert_eq!(cluster.produced(leader), Some(ErrorCode::None), "acks=1 is one round trip");
    assert_eq!(cluster.produced(all), None, "acks=all is not");
    cluster.run(millis(20));
    assert_eq!(cluster.produced(all), Some(ErrorCode::None));
    // There, parked fetch answered, next fetch, back: four delays.
    assert_eq!(cluster.answered_at(all), Some(sent_at + cluster::DELAY * 4));
    for id in [ONE, TWO, THREE] {
        assert_eq!(cluster.stored(id, &orders), ["a", "b"]);
    }
}

#[test]
fn a_dead_follower_stalls_acks_all_until_it_is_fenced_but_not_acks_1() {
    // Method: kill a follower of a partition of three, send to its living leader.
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.run(secs(5));
    cluster.crash(THREE);
    let died = cluster.now;
    let (all, leader) = (cluster.send(ONE, &orders, "a", Acks::All), cluster.send(ONE, &orders, "b", Acks::Leader));
    cluster.run(millis(10));
    assert_eq!(cluster.produced(leader), Some(ErrorCode::None));
    cluster.run(secs(20));
    assert_eq!(cluster.produced(all), Some(ErrorCode::None));
    let stalled = cluster.answered_at(all).expect("answered").since(died);
    // B3: 7 to 9 s after the death; I1 measured 7.2 to 8.7 s.
    assert!((secs(7)..=secs(9) + millis(10)).contains(&stalled), "stalled for {stalled}");
    assert_eq!(cluster.isr(&orders), [ONE, TWO]);
}

#[test]
fn acks_1_loses_what_the_leader_alone_had() {
    // Method: cut the leader off from its followers, send with acks=1, kill it, let it come back.
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    let kept_one = cluster.send(ONE, &orders, "kept", Acks::All);
    cluster.run(secs(1));
    cluster.cut(ONE, TWO);
    cluster.cut(ONE, THREE);
    let lost = cluster.send(ONE, &orders, "lost", Acks::Leader);
    cluster.run(millis(10));
    assert_eq!((cluster.produced(kept_one), cluster.produced(lost)), (Some(ErrorCode::None), Some(ErrorCode::None)));
    assert_eq!(cluster.stored(ONE, &orders), ["kept", "lost"]);
    cluster.crash(ONE);
    cluster.heal();
    cluster.run(secs(12));
    assert_eq!(cluster.leader(&orders), Some(TWO));
    let later = cluster.send(TWO, &orders, "later", Acks::All);
    cluster.run(secs(1));
    assert_eq!(cluster.produced(later), Some(ErrorCode::None));
    cluster.start(ONE);
    cluster.run(secs(5));
    assert_eq!(cluster.stored(ONE, &orders), ["kept", "later"], "cut back to what its successor had");
    assert_eq!(cluster.isr(&orders), [ONE, TWO, THREE]);
}

#[test]
fn a_restarted_follower_keeps_what_is_committed_beyond_its_checkpoint() {
    // Goal: logs are cut by epoch, not by high watermark (KIP-101). Method: kill a follower right after a commit, before it
    // learns of it, and let it come back without its leader.
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    let acknowledged = cluster.send(ONE, &orders, "a", Acks::All);
    cluster.run(millis(4));
    assert_eq!(cluster.produced(acknowledged), Some(ErrorCode::None));
    cluster.crash(TWO);
    cluster.cut(ONE, TWO);
    cluster.start(TWO);
    cluster.run(secs(2));
    assert_eq!(cluster.broker(TWO).and_then(|broker| broker.replica(&orders)?.follows()), Some(ONE));
    assert_eq!(cluster.high_watermark(TWO, &orders), Offset(0), "its checkpoint is old");
    assert_eq!(cluster.stored(TWO, &orders), ["a"]);
}

#[test]
fn below_the_minimum_acks_1_is_accepted_and_invisible() {
    // I4: RF 2, min ISR 2, the follower dead and fenced.
    let mut cluster = three();
    let orders = cluster.topic(kept(2, 2));
    cluster.crash(TWO);
    cluster.run(secs(12));
    assert_eq!(cluster.isr(&orders), [ONE]);
    let accepted = cluster.send(ONE, &orders, "a", Acks::Leader);
    let refused = cluster.send(ONE, &orders, "b", Acks::All);
    cluster.run(secs(1));
    assert_eq!(cluster.produced(accepted), Some(ErrorCode::None));
    assert_eq!(cluster.produced(refused), Some(ErrorCode::NotEnoughReplicas));
    assert!(cluster.consume(ONE, &orders).is_empty());
    assert_eq!(cluster.stored(ONE, &orders), ["a"], "the refused one was not written");
    cluster.start(TWO);
    cluster.run(secs(5));
    assert_eq!(cluster.consume(ONE, &orders), ["a"], "visible with the follower back");
}

/// RF 2, min ISR 2: a send times out while the follower is dead, and is sent again when that is back (I4).
fn retry_after_a_timeout(stamp: Option<(u64, u32)>) -> Vec<String> {
    let mut cluster = three();
    let orders = cluster.topic(kept(2, 2));
    cluster.crash(TWO);
    let first = cluster.send_batch(ONE, &orders, batch("a", stamp), Acks::All);
    cluster.run(secs(35));
    assert_eq!(cluster.produced(first), Some(ErrorCode::RequestTimedOut));
    cluster.start(TWO);
    cluster.run(secs(5));
    let second = cluster.send_batch(ONE, &orders, batch("a", stamp), Acks::All);
    cluster.run(secs(1));
    assert_eq!(cluster.produced(second), Some(ErrorCode::None));
    cluster.consume(ONE, &orders)
}

#[test]
fn a_retry_after_a_timeout_is_in_the_log_twice() {
    assert_eq!(retry_after_a_timeout(None), ["a", "a"]);
}

#[test]
fn an_idempotent_retry_after_a_timeout_is_in_the_log_once() {
    assert_eq!(retry_after_a_timeout(Some((7, 0))), ["a"]);
}

#[test]
fn an_idempotent_retry_is_recognised_by_the_next_leader() {
    // Method: the leader dies with the answer under way; its successor has the record from replication, and knows the batch.
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.send_batch(ONE, &orders, batch("a", Some((7, 0))), Acks::All);
    cluster.run(millis(3));
    cluster.crash(ONE);
    cluster.run(secs(15));
    let again = cluster.send_batch(TWO, &orders, batch("a", Some((7, 0))), Acks::All);
    cluster.run(secs(1));
    assert_eq!(cluster.produced(again), Some(ErrorCode::None));
    assert_eq!(cluster.consume(TWO, &orders), ["a"]);
}

/// RF 2, min ISR 1: the follower misses a record, then the leader is gone for good and the follower comes back.
fn only_a_stale_replica_is_left(unclean_election: bool) -> (Cluster, TopicPartition) {
    let mut cluster = three();
    let orders = cluster.topic(TopicConfig { unclean_election, ..kept(2, 1) });
    cluster.crash(TWO);
    cluster.run(secs(12));
    let acknowledged = cluster.send(ONE, &orders, "a", Acks::All);
    cluster.run(secs(1));
    assert_eq!(cluster.produced(acknowledged), Some(ErrorCode::None), "the ISR is the leader alone (B2)");
    cluster.crash(ONE);
    cluster.start(TWO);
    cluster.run(secs(15));
    (cluster, orders)
}

#[test]
fn without_unclean_election_a_stale_replica_does_not_lead() {
    let (mut cluster, orders) = only_a_stale_replica_is_left(false);
    assert_eq!(cluster.leader(&orders), None);
    cluster.start(ONE);
    cluster.run(secs(5));
    assert_eq!(cluster.leader(&orders), Some(ONE));
    assert_eq!(cluster.consume(ONE, &orders), ["a"], "unavailable for a while, and nothing lost");
}

#[test]
fn with_unclean_election_an_acknowledged_record_is_lost() {
    // E5: acknowledged by acks=all, and gone.
    let (mut cluster, orders) = only_a_stale_replica_is_left(true);
    assert_eq!(cluster.leader(&orders), Some(TWO));
    let later = cluster.send(TWO, &orders, "b", Acks::All);
    cluster.run(secs(1));
    assert_eq!(cluster.produced(later), Some(ErrorCode::None));
    cluster.start(ONE);
    cluster.run(secs(5));
    assert_eq!(cluster.stored(ONE, &orders), ["b"], "cut back to its stale successor");
}
