//! A leader: appends, hands out what it has, and knows what is committed (B2; AK: core/cluster/Partition.scala).
//!
//! **Never here:** changes of the ISR, see `isr`.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::progress::Progress;
use super::{Replica, Role, Scene};
use crate::engine::SimTime;
use crate::kafka::log::{Appended, ReadLimit};
use crate::kafka::metadata::PartitionState;
use crate::kafka::protocol::{FetchPartition, Fetched, Isolation, Position};
use crate::kafka::record::Batch;
use crate::kafka::types::{Acks, BrokerId, ErrorCode, LeaderEpoch, Offset};

/// What a leader knows beside its log.
#[derive(Clone, Debug)]
pub(super) struct Leader {
    pub(super) replicas: Rc<[BrokerId]>,
    /// As the controller has decided.
    pub(super) isr: Vec<BrokerId>,
    /// The ISR that is asked for.
    pub(super) pending: Option<Vec<BrokerId>>,
    pub(super) partition_epoch: u32,
    /// Where this leader's epoch begins.
    pub(super) start: Offset,
    /// All replicas but itself.
    pub(super) followers: BTreeMap<BrokerId, Progress>,
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A consumer.
    Consumer(Isolation),
    /// A follower with its broker epoch.
    Follower(BrokerId, u64),
}

/// What a follower knows of its leader, beside records: the high watermark and the start of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told(Offset, Offset);

impl Told {
    /// What an answer tells; nothing if it says that something is wrong.
    pub fn by(fetched: &Fetched) -> Option<Self> {
        let fine = fetched.error.is_ok() && fetched.diverging.is_none();
        fine.then_some(Self(fetched.high_watermark, fetched.log_start))
    }
}

impl Leader {
    pub(super) fn new(me: BrokerId, now: SimTime, start: Offset, state: &PartitionState) -> Self {
        let others = state.replicas.iter().copied().filter(|id| *id != me);
        Self {
            replicas: state.replicas.clone(),
            isr: state.isr.clone(),
            pending: None,
            partition_epoch: state.partition_epoch,
            start,
            followers: others.map(|id| (id, Progress::new(now, state.isr.contains(&id)))).collect(),
        }
    }

    /// The same leader goes on in a newer state, and whatever it had asked for is out of date.
    pub(super) fn learn(&mut self, state: &PartitionState) {
        if state.partition_epoch > self.partition_epoch {
            self.isr.clone_from(&state.isr);
            self.partition_epoch = state.partition_epoch;
            self.pending = None;
        }
    }

    pub(super) fn isr(&self) -> &[BrokerId] {
        &self.isr
    }

    /// `min.insync.replicas`, which more than all replicas cannot meet (AK: Partition.effectiveMinIsr).
    fn is_under_min(&self, min_insync: u32) -> bool {
        self.isr.len() < self.replicas.len().min(min_insync as usize)
    }

    /// In the ISR, or about to join it.
    fn is_maximal_member(&self, id: BrokerId) -> bool {
        self.isr.contains(&id) || self.pending.as_ref().is_some_and(|pending| pending.contains(&id))
    }
}

impl Replica {
    /// Moves the high watermark to the least LEO of those in sync, of those about to be, and of those who are close enough to
    /// be soon. It stands still while fewer than `min.insync.replicas` are in sync: the strict rule of B2.
    pub(super) fn advance(&mut self, scene: &Scene<'_>) {
        let Role::Leader(leader) = &self.role else { return };
        let end = self.log.end();
        let is_settled = self.high_watermark == end && !scene.advances_alone;
        if is_settled || leader.is_under_min(self.log.config().min_insync) {
            return;
        }
        let waited_for = |(id, progress): &(&BrokerId, &Progress)| {
            leader.is_maximal_member(**id)
                || progress.is_caught_up(scene.now, end, scene.lag_max) && leader.may_join(scene, **id)
        };
        // A follower that has not fetched yet holds everything back: nobody knows what it has.
        let ends = leader.followers.iter().filter(waited_for).map(|(_, progress)| progress.end.unwrap_or_default());
        let least = ends.fold(end, Offset::min);
        self.high_watermark = if scene.advances_alone { least } else { self.high_watermark.max(least) };
    }

    /// Where this leader's epoch begins, once everything before that is committed: then nothing that its predecessors have
    /// acknowledged is missing here.
    pub fn inherited(&self) -> Option<Offset> {
        let start = self.leader().ok()?.start;
        (self.high_watermark >= start).then_some(start)
    }

    /// Appends what a producer sent.
    ///
    /// # Errors
    /// Not the leader; too few in sync for acks=all, and then nothing is written; a fault of an idempotent producer.
    pub fn append(&mut self, scene: &Scene<'_>, batch: Batch, acks: Acks) -> Result<Appended, ErrorCode> {
        let leader = self.leader()?;
        if acks == Acks::All && leader.is_under_min(self.log.config().min_insync) {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        let appended = self.log.append(batch, self.epoch)?;
        self.advance(scene);
        if scene.advances_alone {
            self.high_watermark = self.log.end();
        }
        Ok(appended)
    }

    /// Whether everything before `end` is committed, for a producer that waits for it. An error ends the wait: the leader
    /// is none any more, or the ISR has shrunk below the minimum after the append.
    ///
    /// # Errors
    /// As said.
    pub fn is_committed(&self, end: Offset) -> Result<bool, ErrorCode> {
        let leader = self.leader()?;
        match self.high_watermark >= end {
            true if leader.is_under_min(self.log.config().min_insync) => Err(ErrorCode::NotEnoughReplicasAfterAppend),
            committed => Ok(committed),
        }
    }

    /// What a fetch gets. Followers see everything, consumers what is committed: replicated or, if they want it so, decided too.
    pub fn read(&self, reader: Reader, want: &FetchPartition, limit: ReadLimit) -> Fetched {
        let mut fetched = self.nothing_for(want);
        match self.readable(reader, want) {
            Ok(Readable::Diverging(epoch, end)) => fetched.diverging = Some((epoch, end)),
            Ok(Readable::Until(until)) => {
                let limit = ReadLimit { bytes: limit.bytes.min(want.max_bytes), ..limit };
                fetched.batches = self.log.read(want.offset..until, limit);
                if let (Reader::Consumer(Isolation::ReadCommitted), Some(last)) = (reader, fetched.batches.last()) {
                    fetched.aborted = self.log.aborted(&(want.offset..last.end()));
                }
            }
            Err(error) => fetched.error = error,
        }
        fetched
    }

    /// Bytes a fetch would get, counted up to `enough`; nothing if it should be answered at once, since something is wrong.
    pub fn available(&self, reader: Reader, want: &FetchPartition, enough: u64) -> Option<u64> {
        match self.readable(reader, want) {
            Ok(Readable::Until(until)) if until == want.offset => Some(0),
            Ok(Readable::Until(until)) => Some(self.log.bytes_between(want.offset..until, enough).min(want.max_bytes)),
            _ => None,
        }
    }

    /// What a follower's fetch gets in a session: nothing if there is nothing new for it (AK: CachedPartition.maybeUpdateResponseData).
    pub fn news(
        &self,
        (follower, broker_epoch): (BrokerId, u64),
        want: &FetchPartition,
        told: Option<Told>,
        limit: ReadLimit,
    ) -> Option<Fetched> {
        let reader = Reader::Follower(follower, broker_epoch);
        let knows_all = told == Some(Told(self.high_watermark, self.log.start()));
        if knows_all && want.offset == self.log.end() && self.is_readable(reader, want) {
            return None;
        }
        let fetched = self.read(reader, want, limit);
        (!knows_all || !fetched.batches.is_empty() || Told::by(&fetched).is_none()).then_some(fetched)
    }

    /// Whether nothing is wrong with a fetch.
    pub fn is_readable(&self, reader: Reader, want: &FetchPartition) -> bool {
        matches!(self.readable(reader, want), Ok(Readable::Until(_)))
    }

    fn nothing_for(&self, want: &FetchPartition) -> Fetched {
        Fetched {
            partition: want.partition.clone(),
            error: ErrorCode::None,
            high_watermark: self.high_watermark,
            log_start: self.log.start(),
            diverging: None,
            aborted: Vec::new(),
            batches: Vec::new(),
        }
    }

    fn readable(&self, reader: Reader, want: &FetchPartition) -> Result<Readable, ErrorCode> {
        self.check_epoch(want.leader_epoch)?;
        let leader = self.leader()?;
        if let Reader::Follower(follower, broker_epoch) = reader {
            let known = leader.followers.get(&follower).ok_or(ErrorCode::NotLeaderOrFollower)?;
            if known.broker_epoch.is_some_and(|known| known > broker_epoch) {
                return Err(ErrorCode::NotLeaderOrFollower);
            }
        }
        if let Some(diverging) = self.diverging(want)? {
            return Ok(diverging);
        }
        if want.offset < self.log.start() || want.offset > self.log.end() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let until = match reader {
            Reader::Follower(..) => self.log.end(),
            Reader::Consumer(isolation) => self.visible_end(isolation),
        };
        Ok(Readable::Until(until.max(want.offset)))
    }

    /// Consumers of this level see nothing at or behind it.
    fn visible_end(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::ReadUncommitted => self.high_watermark,
            Isolation::ReadCommitted => self.last_stable(),
        }
    }

    fn check_epoch(&self, epoch: Option<LeaderEpoch>) -> Result<(), ErrorCode> {
        match epoch {
            Some(epoch) if epoch < self.epoch => Err(ErrorCode::FencedLeaderEpoch),
            Some(epoch) if epoch > self.epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    /// Where the reader's log parts from this one, if it does (AK: Partition.readRecords).
    fn diverging(&self, want: &FetchPartition) -> Result<Option<Readable>, ErrorCode> {
        let Some(last) = want.last_epoch else { return Ok(None) };
        let (epoch, end) = self.log.end_of_epoch(last).ok_or(ErrorCode::OffsetOutOfRange)?;
        Ok((epoch < last || end < want.offset).then_some(Readable::Diverging(epoch, end)))
    }

    /// A follower has fetched at `offset`: it has everything before. It may join now, and records may be committed. True if that
    /// has changed anything for others: what is committed, the ISR that is wanted, or which incarnation of the follower may read.
    pub fn note_fetch(&mut self, scene: &Scene<'_>, (follower, broker_epoch): (BrokerId, u64), offset: Offset) -> bool {
        let (end, committed) = (self.log.end(), self.high_watermark);
        let Role::Leader(leader) = &mut self.role else { return false };
        let Some(progress) = leader.followers.get_mut(&follower) else { return false };
        let other = progress.broker_epoch != Some(broker_epoch);
        progress.fetch(scene.now, offset, end, broker_epoch);
        let joins = self.expand(scene, follower);
        self.advance(scene);
        other || joins || self.high_watermark != committed
    }

    /// Where a consumer starts. Until the high watermark has reached this leader's epoch it may be older than what its
    /// predecessor has shown, and is not told (AK: Partition.fetchOffsetForTimestamp; old clients, as kafkajs is, get
    /// this error). No record as late as asked for: behind the newest.
    ///
    /// # Errors
    /// Not the leader, or not yet.
    pub fn locate(&self, position: Position, isolation: Isolation) -> Result<Offset, ErrorCode> {
        let leader = self.leader()?;
        if position == Position::Earliest {
            return Ok(self.log.start());
        }
        if self.high_watermark < leader.start {
            return Err(ErrorCode::LeaderNotAvailable);
        }
        let found = match position {
            Position::At(time) => self.log.find(time),
            _ => None,
        };
        let end = self.visible_end(isolation);
        Ok(found.map_or(end, |offset| offset.min(end)))
    }
}

/// What a reader may have.
enum Readable {
    /// Everything up to here.
    Until(Offset),
    /// Nothing: its log is another one from here on.
    Diverging(LeaderEpoch, Offset),
}
