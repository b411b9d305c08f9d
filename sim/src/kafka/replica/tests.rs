//! Goal: the rules of one partition (B2) that a whole cluster seldom shows. Method: one replica, its peers played by hand.

use std::rc::Rc;

use super::*;
use crate::kafka::log::ReadLimit;
use crate::kafka::metadata::{BrokerState, TopicConfig};
use crate::kafka::protocol::{FetchPartition, Isolation};
use crate::kafka::record::{Batch, Record};
use crate::kafka::types::Acks;

const ONE: BrokerId = BrokerId(1);
const TWO: BrokerId = BrokerId(2);
const THREE: BrokerId = BrokerId(3);
const ALL: ReadLimit = ReadLimit { bytes: u64::MAX, whole_first: true };

/// A replica on broker 1 with what it looks at.
struct Stage {
    image: MetadataImage,
    now: SimTime,
    replica: Replica,
}

impl Stage {
    fn new(min_insync: u32) -> Self {
        let state = BrokerState { epoch: 1, fenced: false, stopping: false };
        let brokers = [ONE, TWO, THREE].map(|id| (id, state)).into();
        let config = TopicConfig { min_insync, ..TopicConfig::default() };
        Self {
            image: MetadataImage { brokers, ..MetadataImage::default() },
            now: SimTime::from_secs(100),
            replica: Replica::new(ONE, TopicPartition::new("orders", 0), Log::new(Rc::new(config)), Offset(0)),
        }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Replica, &Scene<'_>) -> T) -> T {
        let scene =
            Scene { now: self.now, image: &self.image, lag_max: SimDuration::from_secs(30), advances_alone: false };
        act(&mut self.replica, &scene)
    }

    fn assign(&mut self, leader: BrokerId, epoch: u32, isr: &[BrokerId]) {
        let state = PartitionState {
            replicas: Rc::from([ONE, TWO, THREE]),
            isr: isr.to_vec(),
            leader: Some(leader),
            leader_epoch: LeaderEpoch(epoch),
            partition_epoch: epoch,
        };
        self.with(|replica, scene| replica.assign(scene, &state));
    }

    fn append(&mut self, count: usize) {
        for _ in 0..count {
            let batch = Batch::new([Record::new(None, b"x", SimTime::ZERO)], None);
            self.with(|replica, scene| replica.append(scene, batch, Acks::Leader)).expect("it leads");
        }
    }

    fn fetch(&mut self, follower: BrokerId, offset: u64) {
        self.with(|replica, scene| replica.note_fetch(scene, (follower, 1), Offset(offset)));
    }

    fn wanted(&self) -> Option<Vec<BrokerId>> {
        self.replica.wanted_isr().map(|change| change.isr)
    }

    fn committed(&self) -> u64 {
        self.replica.high_watermark().0
    }

    /// The controller answers for what the leader wants.
    fn decide(&mut self, error: ErrorCode) -> bool {
        let change = self.replica.wanted_isr().expect("it wants something");
        self.with(|replica, scene| replica.altered(scene, &change, error))
    }
}

fn want(offset: u64, epoch: u32, last_epoch: u32) -> FetchPartition {
    FetchPartition {
        partition: TopicPartition::new("orders", 0),
        offset: Offset(offset),
        leader_epoch: Some(LeaderEpoch(epoch)),
        last_epoch: Some(LeaderEpoch(last_epoch)),
        max_bytes: u64::MAX,
    }
}

#[test]
fn committed_is_what_everybody_in_sync_has() {
    let mut stage = Stage::new(1);
    stage.assign(ONE, 0, &[ONE, TWO, THREE]);
    stage.append(3);
    stage.fetch(TWO, 3);
    assert_eq!(stage.committed(), 0);
    stage.fetch(THREE, 2);
    assert_eq!(stage.committed(), 2);
}

#[test]
fn a_follower_joins_only_when_it_reaches_the_leaders_own_epoch() {
    // The new leader's high watermark is older than what its predecessor committed: having that is not enough.
    let mut stage = Stage::new(1);
    stage.assign(ONE, 0, &[ONE, TWO]);
    stage.append(4);
    stage.assign(TWO, 1, &[ONE, TWO]);
    stage.assign(ONE, 2, &[ONE, TWO]);
    stage.fetch(THREE, 2);
    assert_eq!((stage.committed(), stage.wanted()), (0, None));
    stage.fetch(THREE, 4);
    assert_eq!(stage.wanted(), Some(vec![ONE, TWO, THREE]));
}

#[test]
fn who_is_about_to_join_holds_commits_back_already() {
    // The larger of the old and the new ISR counts until the controller has spoken; even if the joiner is fenced meanwhile.
    let mut stage = Stage::new(1);
    stage.assign(ONE, 0, &[ONE]);
    stage.append(1);
    stage.fetch(TWO, 1);
    assert_eq!(stage.wanted(), Some(vec![ONE, TWO]));
    stage.image.brokers.get_mut(&TWO).expect("it is there").fenced = true;
    stage.append(1);
    assert_eq!(stage.committed(), 1);
    assert!(!stage.decide(ErrorCode::IneligibleReplica), "refused: nothing to ask again");
    stage.append(1);
    assert_eq!((stage.committed(), stage.wanted()), (3, None));
}

#[test]
fn who_is_about_to_leave_holds_commits_back_still() {
    let mut stage = Stage::new(1);
    stage.assign(ONE, 0, &[ONE, TWO]);
    stage.fetch(TWO, 0);
    stage.append(1);
    stage.now = SimTime::from_secs(131);
    stage.with(|replica, scene| replica.shrink(scene));
    assert_eq!((stage.wanted(), stage.committed()), (Some(vec![ONE]), 0));
    assert!(stage.decide(ErrorCode::NotController), "to be asked again");
    assert_eq!(stage.committed(), 0);
    stage.decide(ErrorCode::None);
    assert_eq!((stage.wanted(), stage.committed()), (None, 1));
}

#[test]
fn a_follower_close_behind_that_may_join_is_waited_for() {
    // AK: shouldWaitForReplicaToJoinIsr. Method: broker 3 had everything a moment ago, but cannot be asked in yet, since another
    // change is under way.
    let mut stage = Stage::new(1);
    stage.assign(ONE, 0, &[ONE]);
    stage.fetch(TWO, 0);
    stage.fetch(THREE, 0);
    assert_eq!(stage.wanted(), Some(vec![ONE, TWO]));
    stage.append(1);
    stage.fetch(TWO, 1);
    assert_eq!(stage.committed(), 0, "3 is neither in sync nor asked for, but it would be the next");
}

#[test]
fn under_steady_load_a_follower_one_fetch_behind_counts_as_caught_up() {
    // It never reaches the leader's end, but always the end of its last fetch.
    let mut stage = Stage::new(1);
    stage.assign(ONE, 0, &[ONE, TWO]);
    for second in 0..120 {
        stage.now = SimTime::from_secs(100 + second);
        stage.fetch(TWO, second);
        stage.append(1);
        stage.with(|replica, scene| replica.shrink(scene));
        assert_eq!(stage.wanted(), None, "after {second} s");
    }
    stage.now = SimTime::from_secs(100 + 119 + 31);
    stage.with(|replica, scene| replica.shrink(scene));
    assert_eq!(stage.wanted(), Some(vec![ONE]), "it stopped fetching");
}

#[test]
fn an_incarnation_of_before_does_not_join() {
    let mut stage = Stage::new(1);
    stage.assign(ONE, 0, &[ONE]);
    stage.image.brokers.get_mut(&TWO).expect("it is there").epoch = 2;
    stage.fetch(TWO, 0);
    assert_eq!(stage.wanted(), None);
}

#[test]
fn too_few_in_sync_after_the_append_is_told_apart() {
    // B2: the record is in the log and committed, but the ISR has shrunk below the minimum since.
    let mut stage = Stage::new(2);
    stage.assign(ONE, 0, &[ONE, TWO]);
    stage.append(1);
    stage.fetch(TWO, 1);
    assert_eq!(stage.replica.is_committed(Offset(1)), Ok(true));
    let shrunk = PartitionState {
        replicas: Rc::from([ONE, TWO, THREE]),
        isr: vec![ONE],
        leader: Some(ONE),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: 1,
    };
    stage.with(|replica, scene| replica.assign(scene, &shrunk));
    assert_eq!(stage.replica.is_committed(Offset(1)), Err(ErrorCode::NotEnoughReplicasAfterAppend));
    assert_eq!(stage.replica.is_committed(Offset(2)), Ok(false));
}

#[test]
fn a_minimum_above_the_number_of_replicas_asks_for_all_of_them() {
    let mut stage = Stage::new(9);
    stage.assign(ONE, 0, &[ONE, TWO, THREE]);
    stage.append(1);
    stage.fetch(TWO, 1);
    stage.fetch(THREE, 1);
    assert_eq!(stage.replica.is_committed(Offset(1)), Ok(true));
}

#[test]
fn readers_of_another_epoch_are_refused() {
    let mut stage = Stage::new(1);
    stage.assign(ONE, 4, &[ONE, TWO]);
    let error = |epoch| stage.replica.read(Reader::Follower(TWO, 1), &want(0, epoch, 4), ALL).error;
    assert_eq!(
        (error(3), error(4), error(5)),
        (ErrorCode::FencedLeaderEpoch, ErrorCode::None, ErrorCode::UnknownLeaderEpoch)
    );
}

#[test]
fn logs_that_part_twice_are_joined_in_two_steps() {
    // Follower: epochs 0 0 1 1 3. Leader: 0 0 2 2 4. They part behind epoch 0, which neither knows to be the last common one.
    let mut leader = Stage::new(1);
    leader.assign(ONE, 0, &[ONE]);
    leader.append(2);
    leader.assign(ONE, 2, &[ONE]);
    leader.append(2);
    leader.assign(ONE, 4, &[ONE]);
    leader.append(1);
    let mut follower = Stage::new(1);
    follower.assign(ONE, 0, &[ONE]);
    follower.append(2);
    follower.assign(ONE, 1, &[ONE]);
    follower.append(2);
    follower.assign(ONE, 3, &[ONE]);
    follower.append(1);
    follower.assign(TWO, 4, &[TWO]);
    let mut ends = Vec::new();
    for _ in 0..4 {
        let asked = follower.replica.want(u64::MAX).expect("it follows");
        ends.push(asked.offset.0);
        let fetched = leader.replica.read(Reader::Follower(TWO, 1), &asked, ALL);
        assert_eq!(follower.replica.take(&asked, fetched), Taken::Advanced);
    }
    // Parts in epoch 3: its epoch 1 ends at 4. Leader knows 0 below 1: both have it up to 2. Then all comes at once.
    assert_eq!(ends, [5, 4, 2, 5]);
    let epochs =
        |stage: &Stage| (0..5).map(|epoch| stage.replica.log().end_of_epoch(LeaderEpoch(epoch))).collect::<Vec<_>>();
    assert_eq!(epochs(&follower), epochs(&leader));
}

#[test]
fn a_cut_keeps_what_both_have_though_it_is_above_the_high_watermark() {
    // KIP-101. The follower does not know that its first two are committed.
    let mut follower = Stage::new(3);
    follower.assign(ONE, 0, &[ONE, TWO]);
    follower.append(3);
    assert_eq!(follower.committed(), 0);
    follower.assign(TWO, 1, &[TWO]);
    let asked = follower.replica.want(u64::MAX).expect("it follows");
    assert_eq!((asked.offset, asked.last_epoch), (Offset(3), Some(LeaderEpoch(0))), "following alone cuts nothing");
    let mut fetched = Stage::new(1).replica.read(Reader::Consumer(Isolation::ReadUncommitted), &asked, ALL);
    (fetched.error, fetched.diverging) = (ErrorCode::None, Some((LeaderEpoch(0), Offset(2))));
    follower.replica.take(&asked, fetched);
    assert_eq!(follower.replica.log().end(), Offset(2));
}

#[test]
fn a_follower_behind_the_leaders_oldest_record_starts_over_there() {
    let mut follower = Stage::new(1);
    follower.assign(ONE, 0, &[ONE]);
    follower.append(3);
    follower.assign(TWO, 1, &[TWO]);
    let asked = follower.replica.want(u64::MAX).expect("it follows");
    let mut fetched = Stage::new(1).replica.read(Reader::Consumer(Isolation::ReadUncommitted), &asked, ALL);
    (fetched.error, fetched.log_start) = (ErrorCode::OffsetOutOfRange, Offset(50));
    assert_eq!(follower.replica.take(&asked, fetched), Taken::Advanced);
    let log = follower.replica.log();
    assert_eq!((log.start(), log.end(), follower.committed()), (Offset(50), Offset(50), 50));
}

#[test]
fn an_answer_to_an_earlier_question_is_dropped() {
    let mut follower = Stage::new(1);
    follower.assign(TWO, 1, &[TWO]);
    let asked = follower.replica.want(u64::MAX).expect("it follows");
    let fetched = follower.replica.read(Reader::Consumer(Isolation::ReadUncommitted), &asked, ALL);
    follower.assign(THREE, 2, &[THREE]);
    assert_eq!(follower.replica.take(&asked, fetched), Taken::Stale);
}
