//! Goal: who is in sync, and how brokers come and go (B2, B3). Method: cut links, stop brokers, look at the controller's view.

use super::*;

#[test]
fn a_follower_that_cannot_fetch_leaves_by_lag_after_30_to_45_seconds() {
    // It still heartbeats, so nobody fences it; the leader has to find out.
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 1));
    cluster.run(secs(1));
    cluster.cut(ONE, THREE);
    let waiting = cluster.send_batch(ONE, &orders, batch("a", None), Acks::All);
    cluster.run(secs(29));
    assert_eq!(cluster.isr(&orders), [ONE, TWO, THREE]);
    cluster.run(secs(16));
    assert_eq!(cluster.isr(&orders), [ONE, TWO]);
    assert_eq!(cluster.produced(waiting), Some(ErrorCode::RequestTimedOut), "the producer had 30 s");
    assert_eq!(cluster.consume(ONE, &orders), ["a"], "and the record is there all the same");
}

#[test]
fn on_an_idle_partition_a_follower_that_cannot_fetch_stays_in_sync() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 1));
    cluster.run(secs(1));
    cluster.cut(ONE, THREE);
    cluster.run(secs(120));
    assert_eq!(cluster.isr(&orders), [ONE, TWO, THREE]);
}

#[test]
fn a_follower_joins_again_when_it_has_what_is_committed() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.crash(THREE);
    cluster.run(secs(12));
    for nth in 0..100 {
        cluster.send(ONE, &orders, &nth.to_string(), Acks::All);
    }
    cluster.run(secs(1));
    assert_eq!(cluster.isr(&orders), [ONE, TWO]);
    cluster.start(THREE);
    cluster.run(secs(3));
    assert_eq!(cluster.isr(&orders), [ONE, TWO, THREE]);
    assert_eq!(cluster.stored(THREE, &orders).len(), 100);
}

#[test]
fn a_follower_learns_the_high_watermark_with_its_next_fetch() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.run(secs(1));
    cluster.send(ONE, &orders, "a", Acks::All);
    cluster.run(millis(10));
    assert_eq!(cluster.high_watermark(ONE, &orders), Offset(1));
    assert_eq!(cluster.high_watermark(TWO, &orders), Offset(0), "its fetch is parked, nobody wakes it for that");
    cluster.run(millis(500));
    assert_eq!(cluster.high_watermark(TWO, &orders), Offset(1));
}

#[test]
fn a_broker_that_stops_in_good_order_hands_over_first() {
    // I1: no failed send, a gap far below a second. Method: want_stop, then a send to the new leader.
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.run(secs(1));
    let asked = cluster.now;
    cluster.step(ONE, |broker, now| broker.want_stop(now));
    while !cluster.broker(ONE).expect("it is up").may_stop() {
        cluster.run(millis(10));
    }
    assert!(cluster.now.since(asked) < secs(3), "stopped after {}", cluster.now.since(asked));
    assert_eq!(cluster.leader(&orders), Some(TWO));
    cluster.crash(ONE);
    let sent = cluster.send(TWO, &orders, "a", Acks::All);
    cluster.run(secs(2));
    assert_eq!(cluster.produced(sent), Some(ErrorCode::None));
    assert_eq!(cluster.isr(&orders), [TWO, THREE]);
}

#[test]
fn an_old_leader_that_is_cut_off_commits_nothing() {
    // Method: cut the leader off from everything but a client. It goes on accepting acks=1, but never commits.
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    for other in [TWO, THREE, cluster::CONTROLLER] {
        cluster.cut(ONE, other);
    }
    let waiting = cluster.send(ONE, &orders, "a", Acks::All);
    cluster.run(secs(15));
    assert_eq!(cluster.leader(&orders), Some(TWO));
    assert!(
        cluster.broker(ONE).expect("it is up").replica(&orders).expect("it keeps it").leads(),
        "it knows nothing of it"
    );
    cluster.run(secs(20));
    assert_eq!(cluster.produced(waiting), Some(ErrorCode::RequestTimedOut));
    cluster.heal();
    cluster.run(secs(40));
    assert!(cluster.stored(ONE, &orders).is_empty());
    assert_eq!(cluster.isr(&orders), [ONE, TWO, THREE]);
}

#[test]
fn a_new_leader_in_sync_with_nobody_known_waits_for_their_first_fetch() {
    // Goal: a leader never counts on what a follower had under its predecessor. Method: kill the leader; the new one must not
    // move its high watermark before its follower has fetched from it.
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.run(secs(1));
    cluster.cut(TWO, THREE);
    cluster.crash(ONE);
    cluster.run(secs(12));
    let sent = cluster.send(TWO, &orders, "a", Acks::All);
    cluster.run(secs(5));
    assert_eq!(cluster.produced(sent), None);
    assert_eq!(cluster.high_watermark(TWO, &orders), Offset(0));
}
