//! What becomes of a transaction: the rules of TransactionCoordinator.scala, state by state.

use super::messages::{TransactionResponse, WriteTxnMarkers};
use super::record::{State, Stored};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::record::TransactionResult;
use crate::kafka::types::{ErrorCode, LeaderEpoch, ProducerId, TopicPartition};

/// The last epoch that a producer is given; one more is kept for fencing it (AK: TransactionMetadata.isEpochExhausted).
const EPOCH_MAX: u16 = i16::MAX as u16 - 1;

/// What a request leads to.
pub(super) enum Step {
    /// Nothing changes.
    Answer(TransactionResponse),
    /// It becomes this, and that is answered when it has.
    Become(Stored, TransactionResponse),
}

/// A producer begins, or begins anew: it gets an epoch of its own. What an older one has left open is aborted first, and the new
/// one hears that it has to ask again.
pub(super) fn initialize(
    known: Option<&Stored>,
    timeout: SimDuration,
    fresh: Result<ProducerId, ErrorCode>,
) -> Result<Step, ErrorCode> {
    let begin = |producer, epoch| {
        let next =
            Stored { producer, epoch, timeout, state: State::Empty, partitions: Vec::new(), began: SimTime::ZERO };
        Step::Become(next, TransactionResponse::Initialized(producer, epoch))
    };
    match known {
        None => Ok(begin(fresh?, 0)),
        Some(known) => match known.state {
            State::Prepared(_) => Err(ErrorCode::ConcurrentTransactions),
            State::Ongoing => {
                Ok(Step::Become(known.fenced(), TransactionResponse::Error(ErrorCode::ConcurrentTransactions)))
            }
            State::Empty | State::Complete(_) if known.epoch >= EPOCH_MAX => Ok(begin(fresh?, 0)),
            State::Empty | State::Complete(_) => Ok(begin(known.producer, known.epoch + 1)),
        },
    }
}

impl Stored {
    /// The transaction as this producer may change it.
    pub(super) fn of(&self, (producer, epoch): (ProducerId, u16)) -> Result<&Self, ErrorCode> {
        if producer != self.producer {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        if epoch == self.epoch { Ok(self) } else { Err(ErrorCode::ProducerFenced) }
    }

    /// Partitions come in before anything is sent to them. The first opens the transaction.
    pub(super) fn add(&self, now: SimTime, partitions: &[TopicPartition]) -> Result<Step, ErrorCode> {
        let ongoing = self.state == State::Ongoing;
        if matches!(self.state, State::Prepared(_)) {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if ongoing && partitions.iter().all(|partition| self.partitions.contains(partition)) {
            return Ok(Step::Answer(TransactionResponse::Done));
        }
        let mut all: Vec<TopicPartition> = self.partitions.iter().chain(partitions).cloned().collect();
        all.sort();
        all.dedup();
        let began = if ongoing { self.began } else { now };
        let next = Self { state: State::Ongoing, partitions: all, began, ..self.clone() };
        Ok(Step::Become(next, TransactionResponse::Done))
    }

    /// The producer ends it. Asked again for what is done, it hears so; for the contrary, that this cannot be.
    pub(super) fn end(&self, result: TransactionResult) -> Result<Step, ErrorCode> {
        match self.state {
            State::Ongoing => {
                let next = Self { state: State::Prepared(result), ..self.clone() };
                Ok(Step::Become(next, TransactionResponse::Done))
            }
            State::Complete(done) if done == result => Ok(Step::Answer(TransactionResponse::Done)),
            State::Prepared(decided) if decided == result => Err(ErrorCode::ConcurrentTransactions),
            State::Empty | State::Complete(_) | State::Prepared(_) => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// Aborted without its producer, under an epoch that no producer is given.
    pub(super) fn fenced(&self) -> Self {
        Self { epoch: self.epoch + 1, state: State::Prepared(TransactionResult::Abort), ..self.clone() }
    }

    /// All markers are written.
    pub(super) fn completed(&self) -> Option<Self> {
        let State::Prepared(result) = self.state else { return None };
        Some(Self { state: State::Complete(result), partitions: Vec::new(), ..self.clone() })
    }

    /// The markers of a prepared transaction.
    pub(super) fn markers(&self, coordinator: LeaderEpoch) -> Option<WriteTxnMarkers> {
        let State::Prepared(result) = self.state else { return None };
        let (producer, partitions) = ((self.producer, self.epoch), self.partitions.clone());
        Some(WriteTxnMarkers { producer, result, coordinator, partitions })
    }
}
