//! The services of the shop on Kafka, as the article rebuilt them: the caller says what has happened and goes on.
//!
//! Twins of those in [`super::super::services`]; the gateway and the catalog are the same.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use gridlock_sim::engine::Gate;
use gridlock_sim::grpc::{Context, Message, Site, Status};
use gridlock_sim::kafka::client::KafkaError;
use gridlock_sim::kafka::consumer::{Delivery, HandlerError};
use gridlock_sim::kafka::producer::Producer;
use gridlock_sim::trace::Code;

use super::super::database::Database;
use super::super::services::{Ledger, REFUSED, REJECTED, Work, answer, id_of, sold_out};
use super::super::shelf::{Shelf, Taken};
use crate::kafka::audit::Audit;
use crate::kafka::journey::Journeys;
use crate::kafka::payload::{Outcome, order_created, read, stock_decided};

/// What order publishes and inventory consumes.
pub(crate) const ORDERS: &str = "order-created";
/// What inventory publishes, and order and notification consume.
pub(crate) const DECISIONS: &str = "stock-decided";

/// A producer that will be connected soon. Whoever needs it waits.
#[derive(Clone, Default)]
pub(crate) struct Outlet(Rc<Shared>);

#[derive(Default)]
struct Shared {
    producer: OnceCell<Producer>,
    connected: Gate,
}

impl Outlet {
    /// Lets in whoever waits.
    pub(crate) fn open(&self, producer: Producer) {
        if self.0.producer.set(producer).is_ok() {
            self.0.connected.open();
        }
    }

    async fn producer(&self) -> &Producer {
        self.0.connected.passed().await;
        self.0.producer.get().expect("it is there before the gate opens")
    }
}

// ANCHOR: order
pub(crate) struct OrderService {
    pub(crate) site: Site,
    pub(crate) work: Work,
    pub(crate) database: Database,
    pub(crate) outlet: Outlet,
    pub(crate) keyed: bool,
    /// Whether it has heard that nothing is left, if it listens for that.
    pub(crate) stock_view: Option<Cell<bool>>,
    pub(crate) ledger: Ledger,
    pub(crate) audit: Audit,
    pub(crate) journeys: Journeys,
}

impl OrderService {
    // ANCHOR: order_place
    pub(crate) async fn place(self: Rc<Self>, _call: Context, order: Message) -> Result<Message, Status> {
        let (id, sim) = (id_of(&order), self.site.process.sim().clone());
        self.site.process.cpu(self.work.of(id)).await;
        if self.stock_view.as_ref().is_some_and(Cell::get) {
            self.ledger.note_rarely(REFUSED, id);
            return Ok(sold_out());
        }
        self.database.connection().await?.query(id, 0).await?; // placed, not yet confirmed
        self.ledger.note(self.ledger.placed, id);
        let event = order_created(id, self.keyed, sim.now());
        self.outlet.producer().await.send(ORDERS, [event]).await.map_err(not_accepted)?;
        self.ledger.note(self.ledger.acknowledged, id);
        self.audit.acknowledged(id);
        self.journeys.set_out(id, sim.now());
        Ok(answer()) // accepted: what comes of it will be told
    }
    // ANCHOR_END: order_place

    pub(crate) async fn on_stock_decided(self: Rc<Self>, event: Delivery) -> Result<(), HandlerError> {
        let (id, outcome) = read(&event.record)?;
        if let Some(view) = self.stock_view.as_ref().filter(|_| outcome == Outcome::Rejected) {
            view.set(true);
        }
        let connection = self.database.connection().await.map_err(|_| HandlerError::Error)?;
        connection.query(id, 1).await.map_err(|_| HandlerError::Error) // confirmed, or rejected
    }
}
// ANCHOR_END: order

// ANCHOR: inventory
pub(crate) struct InventoryService {
    pub(crate) site: Site,
    pub(crate) work: Work,
    pub(crate) database: Database,
    pub(crate) outlet: Outlet,
    pub(crate) shelf: Shelf,
    pub(crate) idempotent: bool,
    pub(crate) ledger: Ledger,
    pub(crate) audit: Audit,
}

impl InventoryService {
    // ANCHOR: inventory_on_order_created
    pub(crate) async fn on_order_created(self: Rc<Self>, event: Delivery) -> Result<(), HandlerError> {
        let (id, _) = read(&event.record)?;
        self.site.process.cpu(self.work.of(id)).await;
        let connection = self.database.connection().await.map_err(|_| HandlerError::Error)?;
        connection.query(id, 2).await.map_err(|_| HandlerError::Error)?;
        drop(connection);
        let outcome = self.reserve(id);
        self.audit.processed(id);
        let decided = stock_decided(id, outcome, self.site.process.sim().now());
        self.outlet.producer().await.send(DECISIONS, [decided]).await?;
        Ok(())
    }
    // ANCHOR_END: inventory_on_order_created

    fn reserve(&self, id: u64) -> Outcome {
        match self.shelf.take(id, self.idempotent) {
            Taken::First => self.ledger.note(self.ledger.reserved, id),
            Taken::Again => {
                self.ledger.note(self.ledger.duplicated, id);
                self.ledger.note(self.ledger.reserved, id);
            }
            Taken::Before => {} // this event was here before
            Taken::SoldOut { first } => {
                if first {
                    self.ledger.note_rarely(REJECTED, id);
                }
                return Outcome::Rejected;
            }
        }
        Outcome::Reserved
    }
}
// ANCHOR_END: inventory

// ANCHOR: notification
pub(crate) struct NotificationService {
    pub(crate) site: Site,
    pub(crate) work: Work,
    pub(crate) journeys: Journeys,
}

impl NotificationService {
    pub(crate) async fn on_stock_decided(self: Rc<Self>, event: Delivery) -> Result<(), HandlerError> {
        let (id, _outcome) = read(&event.record)?;
        self.site.process.cpu(self.work.of(id)).await; // the mail says which
        self.journeys.arrive(id, self.site.process.sim().now());
        Ok(())
    }
}
// ANCHOR_END: notification

/// What the gateway hears when the event could not be stored. It may be stored all the same.
fn not_accepted(_error: KafkaError) -> Status {
    Status::new(Code::Unavailable, "The order could not be published")
}
