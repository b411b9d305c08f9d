//! What producers say to a transaction's coordinator, and what it says to the leaders of partitions.

use std::rc::Rc;

use crate::engine::SimDuration;
use crate::kafka::record::TransactionResult;
use crate::kafka::types::{ErrorCode, LeaderEpoch, ProducerId, TopicPartition};

/// What a transaction's coordinator is asked by producers (C4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionRequest {
    /// Give me a producer id with an epoch of my own; whoever had this transactional id before is fenced.
    InitProducerId {
        /// `transactional.id`.
        id: Rc<str>,
        /// `transaction.timeout.ms`.
        timeout: SimDuration,
    },
    /// These partitions become part of the transaction, which they may open.
    AddPartitions {
        /// `transactional.id`.
        id: Rc<str>,
        /// The producer and its epoch.
        producer: (ProducerId, u16),
        /// Which.
        partitions: Vec<TopicPartition>,
    },
    /// End the transaction.
    End {
        /// `transactional.id`.
        id: Rc<str>,
        /// The producer and its epoch.
        producer: (ProducerId, u16),
        /// How.
        result: TransactionResult,
    },
}

impl TransactionRequest {
    /// The transactional id it is about.
    pub fn id(&self) -> &Rc<str> {
        match self {
            Self::InitProducerId { id, .. } | Self::AddPartitions { id, .. } | Self::End { id, .. } => id,
        }
    }

    /// The partitions it names.
    pub fn partitions(&self) -> &[TopicPartition] {
        match self {
            Self::AddPartitions { partitions, .. } => partitions,
            _ => &[],
        }
    }
}

/// What a transaction's coordinator answers. An error is the whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionResponse {
    /// It went wrong.
    Error(ErrorCode),
    /// The producer's id and its epoch.
    Initialized(ProducerId, u16),
    /// Done; an ended transaction is decided, its markers may still be on their way.
    Done,
}

/// What a transaction's coordinator has the leaders of its partitions write (AK: WriteTxnMarkersRequest.json).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteTxnMarkers {
    /// Whose transaction, with the epoch from which on its producer may go on.
    pub producer: (ProducerId, u16),
    /// How it has ended.
    pub result: TransactionResult,
    /// The coordinator's epoch: an older one is not listened to.
    pub coordinator: LeaderEpoch,
    /// Where.
    pub partitions: Vec<TopicPartition>,
}
