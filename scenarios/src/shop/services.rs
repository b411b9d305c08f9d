//! The services of the shop on gRPC, as the article first built them: the caller asks and waits.
//!
//! What differs between the variants of a scenario is data: policies of clients and servers, sizes of pools, and the two
//! switches of [`OrderSpec`] and [`InventorySpec`].

use std::rc::Rc;

use gridlock_sim::dist::Dist;
use gridlock_sim::engine::{Draws, SimDuration};
use gridlock_sim::grpc::{Client, Context, Message, Site, Status};
use gridlock_sim::process::{Pool, PoolError};
use gridlock_sim::trace::{Code, Event, Name};

use super::database::Database;
use super::shelf::{Shelf, Taken};
use super::spec::{GatewaySpec, InventorySpec, OrderSpec};

/// An order or a page request on the wire. Bytes of the article's order as Protocol Buffers: MODEL-REFERENCE.md F.
pub(crate) const REQUEST_BYTES: u32 = 34;
/// A short answer: an id and a state.
const ANSWER_BYTES: u32 = 16;

const CANCELLED: Status = Status::new(Code::Cancelled, "Nobody waits for this any more");

/// What is asked for: the customer's number identifies the order or the page.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    pub(crate) id: u64,
}

/// An answer that says no: nothing is left.
#[derive(Clone, Copy)]
struct SoldOut;

/// CPU that a service needs for a request: drawn for its id, so the same in every variant.
pub(crate) struct Work {
    pub(crate) demand: Dist,
    pub(crate) draws: Draws,
}

// ANCHOR: gateway
pub(crate) struct Gateway {
    pub(crate) site: Site,
    pub(crate) spec: GatewaySpec,
    pub(crate) slots: Pool,
    pub(crate) order: Client,
    pub(crate) catalog: Client,
}

impl Gateway {
    pub(crate) async fn checkout(self: Rc<Self>, visit: Context, order: Message) -> Result<Message, Status> {
        let _state = self.site.process.hold(self.spec.request_state.0);
        let _slot = self.slots.acquire().await.map_err(no_slot)?;
        self.order.call("Place", order, Some(&visit)).await
    }

    pub(crate) async fn browse(self: Rc<Self>, visit: Context, page: Message) -> Result<Message, Status> {
        let _state = self.site.process.hold(self.spec.request_state.0);
        let _slot = self.slots.acquire().await.map_err(no_slot)?;
        self.catalog.call("Page", page, Some(&visit)).await
    }
}
// ANCHOR_END: gateway

// ANCHOR: order
pub(crate) struct OrderService {
    pub(crate) site: Site,
    pub(crate) spec: OrderSpec,
    pub(crate) work: Work,
    pub(crate) database: Database,
    pub(crate) inventory: Client,
    pub(crate) notification: Client,
    pub(crate) ledger: Ledger,
}

impl OrderService {
    // ANCHOR: order_place
    pub(crate) async fn place(self: Rc<Self>, call: Context, order: Message) -> Result<Message, Status> {
        let id = id_of(&order);
        self.site.process.cpu(self.work.of(id)).await;
        let mut connection = Some(self.database.connection().await?);
        self.give_up_if_pointless(&call)?;
        if let Some(database) = &connection {
            database.query(id, 0).await?;
        }
        self.ledger.note(self.ledger.placed, id);
        if !self.spec.hold_connection {
            connection = None;
        }
        let reserved = self.inventory.call("Reserve", order.clone(), Some(&call)).await;
        let connection = match connection {
            Some(held) => held,
            None => self.database.connection().await?,
        };
        connection.query(id, 1).await?; // confirmed, or rejected
        drop(connection);
        if is_sold_out(&reserved?) {
            self.ledger.note_rarely(REFUSED, id);
            return Ok(sold_out());
        }
        self.notification.call("Confirm", order, Some(&call)).await?;
        self.ledger.note(self.ledger.acknowledged, id);
        Ok(answer())
    }
    // ANCHOR_END: order_place

    fn give_up_if_pointless(&self, call: &Context) -> Result<(), Status> {
        if self.spec.skip_cancelled && call.is_cancelled() { Err(CANCELLED) } else { Ok(()) }
    }
}
// ANCHOR_END: order

// ANCHOR: inventory
pub(crate) struct InventoryService {
    pub(crate) site: Site,
    pub(crate) spec: InventorySpec,
    pub(crate) work: Work,
    pub(crate) database: Database,
    pub(crate) shelf: Shelf,
    pub(crate) ledger: Ledger,
}

impl InventoryService {
    // ANCHOR: inventory_reserve
    pub(crate) async fn reserve(self: Rc<Self>, call: Context, order: Message) -> Result<Message, Status> {
        let id = id_of(&order);
        if self.spec.skip_cancelled && call.is_cancelled() {
            return Err(CANCELLED);
        }
        self.site.process.cpu(self.work.of(id)).await;
        let connection = self.database.connection().await?;
        connection.query(id, 2).await?;
        match self.shelf.take(id, self.spec.idempotent) {
            Taken::First => self.ledger.note(self.ledger.reserved, id),
            Taken::Again => {
                self.ledger.note(self.ledger.reserved, id);
                self.ledger.note(self.ledger.duplicated, id);
            }
            Taken::Before => {}
            Taken::SoldOut { .. } => return Ok(sold_out()),
        }
        Ok(answer())
    }
    // ANCHOR_END: inventory_reserve
}
// ANCHOR_END: inventory

// ANCHOR: leaf
/// Notification and catalog: a little CPU, an answer.
pub(crate) struct LeafService {
    pub(crate) site: Site,
    pub(crate) work: Work,
}

impl LeafService {
    pub(crate) async fn answer(self: Rc<Self>, _call: Context, request: Message) -> Result<Message, Status> {
        self.site.process.cpu(self.work.of(id_of(&request))).await;
        Ok(answer())
    }
}
// ANCHOR_END: leaf

/// A customer was told at once that nothing is left.
pub(crate) const REFUSED: &str = "orders.refused";
/// A customer was told that the order is accepted, and then that nothing is left.
pub(crate) const REJECTED: &str = "orders.rejected";

/// Writes business facts to the trace, for the checkers.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) site: Site,
    pub(crate) placed: Name,
    pub(crate) acknowledged: Name,
    pub(crate) reserved: Name,
    pub(crate) duplicated: Name,
}

impl Ledger {
    pub(crate) fn new(site: &Site) -> Self {
        let name = |text| site.process.trace().name(text);
        Self {
            placed: name("orders.placed"),
            acknowledged: name("orders.acknowledged"),
            reserved: name("stock.reserved"),
            duplicated: name("orders.duplicated"),
            site: site.clone(),
        }
    }

    pub(crate) fn note(&self, what: Name, key: u64) {
        self.site.process.trace().emit(Event::Fact { what, key, amount: 1 });
    }

    /// Notes what happens in few scenarios; in the others nobody has heard of it.
    pub(crate) fn note_rarely(&self, what: &str, key: u64) {
        self.note(self.site.process.trace().name(what), key);
    }
}

impl Work {
    pub(crate) fn of(&self, id: u64) -> SimDuration {
        self.demand.sample(&mut self.draws.at(id))
    }
}

/// A request about `id`.
pub(crate) fn request(id: u64) -> Message {
    Message::new(REQUEST_BYTES, Request { id })
}

pub(crate) fn id_of(message: &Message) -> u64 {
    message.get::<Request>().map_or(0, |request| request.id)
}

pub(crate) fn answer() -> Message {
    Message::new(ANSWER_BYTES, ())
}

/// No: nothing is left. An answer like any other, so its customer is served.
pub(crate) fn sold_out() -> Message {
    Message::new(ANSWER_BYTES, SoldOut)
}

fn is_sold_out(answer: &Message) -> bool {
    answer.get::<SoldOut>().is_some()
}

fn no_slot(error: PoolError) -> Status {
    match error {
        PoolError::Full => Status::new(Code::ResourceExhausted, "Too many requests wait for an upstream slot"),
        PoolError::Timeout => Status::new(Code::ResourceExhausted, "No upstream slot in time"),
    }
}
