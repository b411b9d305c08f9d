//! kafkajs' `Broker`: two connections to one broker, so that long polls of fetches delay nothing else (KJ:broker/index.js,
//! network/connectionPool.js).

use std::cell::Cell;
use std::rc::Rc;

use super::config::ClientConfig;
use super::connection::Connection;
use super::error::{KafkaError, check};
use super::shared::Lock;
use crate::engine::SimDuration;
use crate::grpc::Site;
use crate::kafka::protocol::{GroupRequest, GroupResponse, Request, Response};
use crate::kafka::types::{Acks, BrokerId, ErrorCode};
use crate::kafka::wire::Endpoint;

/// What is added to the rebalance timeout for JoinGroup (C0).
const JOIN_MARGIN: SimDuration = SimDuration::from_secs(5);
/// What is added to the longest wait of a fetch (C0).
const FETCH_MARGIN: SimDuration = SimDuration::from_millis(100);

/// One broker as a client knows it.
pub struct Broker {
    site: Site,
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Which node it is; none for a seed of which no metadata has spoken.
    pub id: Cell<Option<BrokerId>>,
    /// All requests but fetches; and fetches.
    connections: [Rc<Connection>; 2],
    /// ApiVersions has been answered here, or by the seed.
    knows_versions: Cell<bool>,
    /// One connection attempt at a time.
    connecting: Lock,
}

impl Broker {
    /// A broker that is not connected.
    pub fn new(
        site: &Site,
        endpoint: Endpoint,
        id: Option<BrokerId>,
        config: &Rc<ClientConfig>,
        versions: bool,
    ) -> Self {
        let patience = config.connection_timeout * 2 + config.authentication_timeout;
        Self {
            site: site.clone(),
            endpoint,
            id: Cell::new(id),
            connections: [(); 2].map(|()| Connection::new(site, endpoint, config)),
            knows_versions: Cell::new(versions),
            connecting: Lock::new(patience),
        }
    }

    /// True if either connection is up.
    pub fn is_connected(&self) -> bool {
        self.connections.iter().any(|connection| connection.is_connected())
    }

    /// Whether it has been asked for its versions, or inherited them.
    pub fn knows_versions(&self) -> bool {
        self.knows_versions.get()
    }

    /// Connects the connection for everything but fetches, unless either is up. The first time ever it asks for ApiVersions.
    ///
    /// # Errors
    /// Those of [`Connection::connect`] and [`Connection::send`]; [`KafkaError::LockTimeout`].
    pub async fn connect(&self) -> Result<(), KafkaError> {
        let _held = self.connecting.acquire(&self.site.process).await?;
        if self.is_connected() {
            return Ok(());
        }
        self.connections[0].connect().await?;
        if !self.knows_versions.get() {
            self.send(Request::ApiVersions).await?;
            self.knows_versions.set(true);
        }
        Ok(())
    }

    /// Ends both connections when nothing is in flight on them.
    pub async fn disconnect(&self) {
        let [first, second] = &self.connections;
        futures_util::future::join(first.disconnect(), second.disconnect()).await;
    }

    /// Sends a request over the connection for its kind, connecting it if need be.
    ///
    /// # Errors
    /// Those of [`Connection::connect`] and [`Connection::send`].
    ///
    /// # Panics
    /// When asked to wait for the answer of a request that has none (acks=0).
    pub async fn send(&self, request: Request) -> Result<Response, KafkaError> {
        let response = self.send_any(request).await?;
        Ok(response.expect("only acks=0 is not answered"))
    }

    async fn send_any(&self, request: Request) -> Result<Option<Response>, KafkaError> {
        let connection = &self.connections[usize::from(matches!(request, Request::Fetch { .. }))];
        let timeout = patience(&request);
        let result = async {
            connection.connect().await?;
            connection.send(request, timeout).await
        }
        .await;
        if matches!(result, Err(KafkaError::ConnectionClosed(_))) {
            self.disconnect().await;
        }
        result
    }

    /// Produces; the first partition with an error makes the whole answer one (KJ:protocol/requests/produce).
    ///
    /// # Errors
    /// Those of [`Broker::send`] and those of partitions.
    pub async fn produce(&self, request: Request) -> Result<Vec<crate::kafka::protocol::Produced>, KafkaError> {
        let answered = !matches!(request, Request::Produce { acks: Acks::None, .. });
        let Some(Response::Produce(produced)) = self.send_any(request).await? else {
            return if answered { Err(mismatch()) } else { Ok(Vec::new()) };
        };
        produced.iter().try_for_each(|partition| check(partition.error))?;
        Ok(produced)
    }

    /// Asks a group's coordinator; an error of the group is an error of the call.
    ///
    /// # Errors
    /// Those of [`Broker::send`] and what the coordinator says.
    pub async fn group(&self, request: GroupRequest) -> Result<GroupResponse, KafkaError> {
        match self.send(Request::Group(request)).await? {
            Response::Group(GroupResponse::Error { error, .. }) => Err(KafkaError::Protocol(error)),
            Response::Group(GroupResponse::Committed(partitions)) => {
                partitions.iter().try_for_each(|(_, code)| check(*code))?;
                Ok(GroupResponse::Committed(partitions))
            }
            Response::Group(response) => Ok(response),
            _ => Err(mismatch()),
        }
    }

    /// Joins a group; a member that was only given its id asks again with it (D1).
    ///
    /// # Errors
    /// As [`Broker::group`].
    pub async fn join(&self, mut join: crate::kafka::protocol::Join) -> Result<GroupResponse, KafkaError> {
        match self.send(Request::Group(GroupRequest::Join(join.clone()))).await? {
            Response::Group(GroupResponse::Error { error: ErrorCode::MemberIdRequired, member: Some(id) }) => {
                join.member.id = id;
                self.group(GroupRequest::Join(join)).await
            }
            Response::Group(GroupResponse::Error { error, .. }) => Err(KafkaError::Protocol(error)),
            Response::Group(response) => Ok(response),
            _ => Err(mismatch()),
        }
    }
}

/// How long kafkajs waits for the answer, where that is longer than the request timeout (C0).
fn patience(request: &Request) -> Option<SimDuration> {
    match request {
        Request::Group(GroupRequest::Join(join)) => Some(join.rebalance_timeout + JOIN_MARGIN),
        Request::Fetch { max_wait, .. } => Some(*max_wait + FETCH_MARGIN),
        _ => None,
    }
}

/// A broker that answers something else than it was asked: a bug of the broker, which a client cannot mend.
pub(crate) fn mismatch() -> KafkaError {
    KafkaError::NonRetriable(Rc::new(KafkaError::Protocol(ErrorCode::InvalidUpdateVersion)))
}
