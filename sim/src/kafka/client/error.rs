//! What goes wrong in a client, with the distinctions that kafkajs makes by name (KJ:errors.js).

use std::rc::Rc;

use crate::engine::SimDuration;
use crate::kafka::retry::{Thrown, is_retriable};
use crate::kafka::types::{BrokerId, ErrorCode, TopicPartition};
use crate::kafka::wire::Endpoint;

/// Why there is no connection: the causes of a `KafkaJSConnectionError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionFault {
    /// The host lives and nobody listens.
    #[error("ECONNREFUSED")]
    Refused,
    /// No answer within the connection timeout.
    #[error("connection timeout")]
    Timeout,
    /// The kernel has given up: retransmissions or keepalive probes are used up.
    #[error("ETIMEDOUT")]
    TimedOut,
    /// Something was written after this side had ended the connection (C5).
    #[error("write after end")]
    WriteAfterEnd,
    /// Nothing was tried: the connection is down.
    #[error("not connected")]
    NotConnected,
}

/// What goes wrong in a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KafkaError {
    /// `KafkaJSConnectionError`.
    #[error("connection error: {0}")]
    Connection(ConnectionFault),
    /// `KafkaJSConnectionClosedError`: the broker has ended the connection.
    #[error("closed connection")]
    ConnectionClosed(Endpoint),
    /// `KafkaJSRequestTimeoutError`: no answer in time; the request may have been carried out.
    #[error("request timed out")]
    RequestTimeout,
    /// `KafkaJSProtocolError`: the broker says no.
    #[error("the broker answered {0:?}")]
    Protocol(ErrorCode),
    /// `KafkaJSOffsetOutOfRange`.
    #[error("offset out of range in {0}")]
    OffsetOutOfRange(TopicPartition),
    /// `KafkaJSBrokerNotFound`: the metadata names no such broker.
    #[error("broker {0:?} not found in the cached metadata")]
    BrokerNotFound(Option<BrokerId>),
    /// `KafkaJSMetadataNotLoaded` and `KafkaJSTopicMetadataNotLoaded`.
    #[error("metadata not loaded")]
    MetadataNotLoaded,
    /// `KafkaJSStaleTopicMetadataAssignment`: the topic has got partitions the group does not know.
    #[error("topic has been updated")]
    StaleAssignment,
    /// `KafkaJSGroupCoordinatorNotFound`.
    #[error("failed to find the group coordinator")]
    CoordinatorNotFound,
    /// `KafkaJSLockTimeout`.
    #[error("timeout while acquiring a lock")]
    LockTimeout,
    /// `KafkaJSFetcherRebalanceError`: fetchers for other brokers are needed.
    #[error("the brokers have changed")]
    BrokersChanged,
    /// `KafkaJSNoBrokerAvailableError`.
    #[error("no broker available")]
    NoBroker,
    /// `KafkaJSError`: send() on a producer that is not connected.
    #[error("the producer is disconnected")]
    Disconnected,
    /// `KafkaJSNonRetriableError`: send() on a producer that disconnects.
    #[error("the producer is disconnecting")]
    Disconnecting,
    /// `KafkaJSError` around the answer of a coordinator: join and sync start again.
    #[error("the group rebalances: {0:?}")]
    JoinAgain(ErrorCode),
    /// An idempotent producer must ask for all acknowledgements (C4).
    #[error("idempotence needs acks=all")]
    NeedsAllAcks,
    /// The application's handler has thrown.
    #[error("the handler has thrown {0:?}")]
    Handler(Thrown),
    /// `KafkaJSNumberOfRetriesExceeded`.
    #[error("retries are used up: {cause}")]
    RetriesExceeded {
        /// What went wrong last.
        cause: Rc<KafkaError>,
        /// The wait that would have come next.
        retry_time: SimDuration,
    },
    /// `KafkaJSNonRetriableError` around something that must not be tried again.
    #[error("not retriable: {0}")]
    NonRetriable(Rc<KafkaError>),
}

impl KafkaError {
    /// Whether kafkajs' retry engine tries again after it (C3): everything thrown, unless it says otherwise.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Protocol(code) => is_retriable(*code),
            Self::Handler(thrown) => thrown.is_retriable(),
            Self::OffsetOutOfRange(_) => false,
            Self::CoordinatorNotFound | Self::LockTimeout | Self::Disconnecting | Self::NeedsAllAcks => false,
            Self::RetriesExceeded { .. } | Self::NonRetriable(_) => false,
            _ => true,
        }
    }

    /// Whether the error says of itself that it may be retried: `retriable === true`, which a plain `Error` does not.
    pub fn claims_retriable(&self) -> bool {
        self.is_retriable() && !matches!(self, Self::Handler(_))
    }

    /// Whether its name is `KafkaJSConnectionError`.
    pub fn is_connection_error(&self) -> bool {
        matches!(self, Self::Connection(_))
    }

    /// Whether the broker said this.
    pub fn is_code(&self, code: ErrorCode) -> bool {
        *self == Self::Protocol(code)
    }

    /// kafkajs' `isRebalancing`: the member re-joins its group.
    pub fn is_rebalancing(&self) -> bool {
        use ErrorCode as E;
        matches!(self, Self::Protocol(E::RebalanceInProgress | E::NotCoordinator | E::IllegalGeneration))
    }

    /// What was wrong in the first place.
    pub fn root(&self) -> &KafkaError {
        match self {
            Self::RetriesExceeded { cause, .. } | Self::NonRetriable(cause) => cause.root(),
            error => error,
        }
    }
}

/// `Err` if the code says that something went wrong.
pub(crate) fn check(code: ErrorCode) -> Result<(), KafkaError> {
    if code.is_ok() { Ok(()) } else { Err(KafkaError::Protocol(code)) }
}
