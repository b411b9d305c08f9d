//! Goal: in a fetch session nothing is said twice, and nothing is lost with it (KIP-227). Method: what followers ask is looked at,
//! and one follower is played by hand.

use super::*;
use crate::kafka::fetch_session::{SessionFetch, SessionFetched, SessionTurn};
use crate::kafka::types::LeaderEpoch;

/// Three brokers, and a topic of six partitions of which each broker leads two.
fn six() -> Cluster {
    let mut cluster = three();
    cluster.topic(TopicConfig { partitions: 6, ..kept(3, 1) });
    cluster.run(secs(1));
    cluster
}

/// Partitions that a broker leads.
fn led(cluster: &Cluster, leader: BrokerId) -> Vec<TopicPartition> {
    let all = (0..6).map(|nth| TopicPartition::new("orders", nth));
    all.filter(|partition| cluster.leader(partition) == Some(leader)).collect()
}

impl Cluster {
    /// Fetches from broker 1 as broker 2, from offset 0 of these partitions.
    fn follow_by_hand(&mut self, turn: SessionTurn, partitions: &[TopicPartition]) -> Ticket {
        let epoch = self.controller.image.brokers[&TWO].epoch;
        let want = |partition: &TopicPartition| FetchPartition {
            partition: partition.clone(),
            offset: Offset(0),
            leader_epoch: Some(LeaderEpoch(0)),
            last_epoch: None,
            max_bytes: 1 << 20,
        };
        let fetch = SessionFetch {
            replica: (TWO, epoch),
            turn,
            max_wait: millis(500),
            min_bytes: 1,
            max_bytes: 1 << 20,
            partitions: partitions.iter().map(want).collect(),
            forgotten: Vec::new(),
        };
        self.ask(ONE, Request::SessionFetch(fetch))
    }

    fn followed(&self, ticket: Ticket) -> Option<&SessionFetched> {
        match self.answer(ticket)? {
            Response::SessionFetch(fetched) => Some(fetched),
            other => panic!("not the answer to a SessionFetch: {other:?}"),
        }
    }
}

fn names(fetched: &SessionFetched) -> Vec<TopicPartition> {
    fetched.partitions.iter().map(|one| one.partition.clone()).collect()
}

#[test]
fn a_follower_names_a_partition_once_and_again_when_it_has_more_of_it() {
    let mut cluster = six();
    cluster.fetches.clear();
    cluster.run(secs(5));
    assert!(cluster.fetches.len() > 40, "two followers of each broker, every 500 ms: {}", cluster.fetches.len());
    assert!(cluster.fetches.iter().all(|fetch| fetch.partitions.is_empty()), "nothing has changed");
    cluster.fetches.clear();
    let orders = led(&cluster, ONE)[0].clone();
    cluster.send(ONE, &orders, "a", Acks::All);
    cluster.run(millis(400));
    let named: Vec<_> = cluster.fetches.iter().flat_map(|fetch| &fetch.partitions).collect();
    assert_eq!(named.len(), 2, "once by each follower");
    assert!(named.iter().all(|want| want.partition == orders && want.offset == Offset(1)));
}

#[test]
fn a_leader_answers_with_everything_first_and_then_with_what_is_new() {
    let mut cluster = six();
    cluster.crash(TWO);
    let parts = led(&cluster, ONE);
    let first = cluster.follow_by_hand(SessionTurn::FIRST, &parts);
    cluster.run(millis(510));
    let fetched = cluster.followed(first).expect("its time has run out");
    assert_eq!((names(fetched), fetched.error), (parts.clone(), ErrorCode::None));
    let turn = SessionTurn { id: fetched.id, epoch: 1 };
    let second = cluster.follow_by_hand(turn, &[]);
    cluster.run(millis(100));
    assert!(cluster.followed(second).is_none(), "it waits for what it has named before");
    cluster.send(ONE, &parts[1], "a", Acks::Leader);
    cluster.run(millis(10));
    let fetched = cluster.followed(second).expect("there is something");
    assert_eq!(names(fetched), [parts[1].clone()]);
    assert_eq!(fetched.partitions[0].batches.iter().flat_map(values).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_session_has_one_fetch_after_the_other() {
    let mut cluster = six();
    cluster.crash(TWO);
    let parts = led(&cluster, ONE);
    let first = cluster.follow_by_hand(SessionTurn::FIRST, &parts);
    cluster.run(millis(510));
    let id = cluster.followed(first).expect("its time has run out").id;
    for (turn, error) in [
        (SessionTurn { id, epoch: 2 }, ErrorCode::InvalidFetchSessionEpoch),
        (SessionTurn { id: id + 1, epoch: 1 }, ErrorCode::FetchSessionIdNotFound),
    ] {
        let ticket = cluster.follow_by_hand(turn, &[]);
        cluster.run(millis(10));
        assert_eq!(cluster.followed(ticket).map(|fetched| fetched.error), Some(error));
    }
}

#[test]
fn a_follower_whose_session_is_gone_begins_anew_at_once() {
    let mut cluster = six();
    let parts = led(&cluster, ONE);
    cluster.fetches.clear();
    let by_hand = cluster.follow_by_hand(SessionTurn::FIRST, &parts);
    cluster.run(millis(10));
    let anew = |fetch: &&SessionFetch| fetch.replica.0 == TWO && fetch.turn == SessionTurn::FIRST;
    let anew = cluster.fetches.iter().find(anew).expect("it was told that its session is gone");
    assert_eq!(anew.partitions.len(), 2, "it names everything");
    assert_eq!(cluster.followed(by_hand).map(|fetched| fetched.error), Some(ErrorCode::FetchSessionIdNotFound));
    let ticket = cluster.send(ONE, &parts[0], "a", Acks::All);
    cluster.run(millis(10));
    assert_eq!(cluster.produced(ticket), Some(ErrorCode::None));
}

#[test]
fn a_partition_that_has_moved_away_is_named_to_nobody_else() {
    let mut cluster = six();
    let moved = led(&cluster, ONE);
    cluster.fetches.clear();
    cluster.crash(ONE);
    cluster.run(secs(20));
    assert!(moved.iter().all(|partition| cluster.leader(partition).is_some_and(|leader| leader != ONE)));
    let named: Vec<_> = cluster.fetches.iter().filter(|fetch| fetch.turn != SessionTurn::FIRST).collect();
    let named: Vec<_> = named.iter().flat_map(|fetch| &fetch.partitions).map(|want| &want.partition).collect();
    assert_eq!(named.len(), 2, "by whoever did not become the leader: {named:?}");
    assert!(named.iter().all(|partition| moved.contains(partition)));
}
