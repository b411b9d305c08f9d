//! The sizes and times of the shop, as a scenario file states them. Every default has its reason beside it.

use gridlock_sim::dist::Dist;
use gridlock_sim::engine::SimDuration;
use gridlock_sim::grpc::{ClientPolicy, ServerPolicy};
use gridlock_sim::net::{LinkSpec, TcpSpec};
use gridlock_sim::process::{PoolSpec, ProcessSpec, WorkersSpec};
use gridlock_sim::units::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::events::EventsSpec;

/// The online shop of the article.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShopSpec {
    /// Every link between two hosts.
    pub link: LinkSpec,
    /// How all kernels are set.
    pub tcp: TcpSpec,
    /// The only service customers see.
    pub gateway: GatewaySpec,
    /// Service A of the article.
    pub order: OrderSpec,
    /// Service B of the article.
    pub inventory: InventorySpec,
    /// Sends the confirmation mail.
    pub notification: NotificationSpec,
    /// Serves browsing; touches neither order nor inventory.
    pub catalog: CatalogSpec,
    /// Order, inventory and notification speak by events over Kafka instead of gRPC calls.
    pub events: Option<EventsSpec>,
}

/// The gateway.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySpec {
    /// Heap and restarts.
    pub process: ProcessSpec,
    /// CPU to read one request and write its answer.
    pub cpu: SimDuration,
    /// Upstream slots: requests at work behind the gateway, of all kinds together.
    pub slots: PoolSpec,
    /// Heap held by one request: parsed headers, session, body, closures.
    pub request_state: Bytes,
    /// How the gateway calls the order service.
    pub to_order: ClientPolicy,
    /// How the gateway calls the catalog.
    pub to_catalog: ClientPolicy,
}

/// The order service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrderSpec {
    /// Heap and restarts.
    pub process: ProcessSpec,
    /// Limits of the gRPC server.
    pub server: ServerPolicy,
    /// CPU to validate one order.
    pub cpu: Dist,
    /// Connections to its database.
    pub pool: PoolSpec,
    /// The database itself.
    pub database: WorkersSpec,
    /// Work of the database for one statement; an order takes two.
    pub statement: Dist,
    /// Keep the connection while waiting for inventory: the classic mistake.
    pub hold_connection: bool,
    /// Stop working on an order that nobody waits for any more.
    pub skip_cancelled: bool,
    /// How it calls inventory.
    pub to_inventory: ClientPolicy,
    /// How it calls notification.
    pub to_notification: ClientPolicy,
}

/// The inventory service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InventorySpec {
    /// Heap and restarts.
    pub process: ProcessSpec,
    /// Limits of the gRPC server.
    pub server: ServerPolicy,
    /// CPU of one reservation. This is what turns slow.
    pub cpu: Dist,
    /// Connections to its database.
    pub pool: PoolSpec,
    /// The database itself.
    pub database: WorkersSpec,
    /// Work of the database for one reservation.
    pub statement: Dist,
    /// Recognise an order that has been reserved before (a unique key on the order id).
    pub idempotent: bool,
    /// Stop working on a call that nobody waits for any more.
    pub skip_cancelled: bool,
    /// Orders that can be filled; without it stock never ends. An order beyond it is refused in inventory's answer, or on Kafka by an event.
    pub stock: Option<u64>,
}

/// The notification service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NotificationSpec {
    /// Heap and restarts.
    pub process: ProcessSpec,
    /// Limits of the gRPC server.
    pub server: ServerPolicy,
    /// CPU to render one mail.
    pub cpu: Dist,
}

/// The catalog service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CatalogSpec {
    /// Heap and restarts.
    pub process: ProcessSpec,
    /// Limits of the gRPC server.
    pub server: ServerPolicy,
    /// CPU to render one page from its cache.
    pub cpu: Dist,
}

impl Default for GatewaySpec {
    /// 256 slots: the usual order of an HTTP agent's or ingress's limit. 24 KiB a request: a small JSON body and its session.
    fn default() -> Self {
        Self {
            process: ProcessSpec::default(),
            cpu: SimDuration::from_micros(300),
            slots: pool(256),
            request_state: Bytes(24 << 10),
            to_order: ClientPolicy::default(),
            to_catalog: ClientPolicy::default(),
        }
    }
}

impl Default for OrderSpec {
    /// Ten connections: the default of node-postgres. It waits for one without limit by default, too.
    fn default() -> Self {
        Self {
            process: ProcessSpec::default(),
            server: ServerPolicy::default(),
            cpu: millis(1),
            pool: pool(10),
            database: workers(8),
            statement: Dist::Exponential(SimDuration::from_millis(2)),
            hold_connection: true,
            skip_cancelled: false,
            to_inventory: ClientPolicy::default(),
            to_notification: ClientPolicy::default(),
        }
    }
}

impl Default for InventorySpec {
    /// 10 ms of CPU: a hundred reservations a second on its one event loop, as in the measured run of MODEL-REFERENCE.md G16.
    fn default() -> Self {
        Self {
            process: ProcessSpec::default(),
            server: ServerPolicy::default(),
            cpu: millis(10),
            pool: pool(10),
            database: workers(8),
            statement: Dist::Exponential(SimDuration::from_millis(2)),
            idempotent: false,
            skip_cancelled: false,
            stock: None,
        }
    }
}

impl Default for NotificationSpec {
    fn default() -> Self {
        Self { process: ProcessSpec::default(), server: ServerPolicy::default(), cpu: millis(1) }
    }
}

impl Default for CatalogSpec {
    /// 2 ms: 500 pages a second, far above any load of the scenarios.
    fn default() -> Self {
        Self { process: ProcessSpec::default(), server: ServerPolicy::default(), cpu: millis(2) }
    }
}

const fn millis(millis: u64) -> Dist {
    Dist::Constant(SimDuration::from_millis(millis))
}

/// Units without a bound on those who wait: what deployments have by default.
const fn pool(size: u32) -> PoolSpec {
    PoolSpec { size, queue: None, acquire_timeout: None }
}

/// Eight workers: the cores of a modest database server. Its queue is bounded by the pools of its clients.
const fn workers(workers: u32) -> WorkersSpec {
    WorkersSpec { workers, queue: None }
}
