//! The shop on Kafka: order → `order-created` → inventory → `stock-decided` → order and notification.

mod services;
pub mod spec;

use std::cell::Cell;
use std::rc::Rc;

use gridlock_sim::grpc::Site;
use gridlock_sim::kafka::client::Kafka;
use gridlock_sim::kafka::cluster::Cluster;
use gridlock_sim::kafka::consumer::Handler;
use gridlock_sim::kafka::consumer::handler;
use gridlock_sim::process::Workers;
use gridlock_sim::stage::Stage;

use self::services::{DECISIONS, InventoryService, NotificationService, ORDERS, OrderService, Outlet};
pub use self::spec::EventsSpec;
use super::services::Ledger;
use super::shelf::Shelf;
use super::spec::ShopSpec;
use super::{Sites, connect, listen, work};
use crate::kafka::audit::Audit;
use crate::kafka::journey::Journeys;
use crate::kafka::told;

/// Who reads what; a service's group is named after it, as in the article.
const INVENTORY_GROUP: &str = "inventory-group";
const ORDER_GROUP: &str = "order-group";
const NOTIFICATION_GROUP: &str = "notification-group";

/// What all services of the shop share.
struct Floor<'a> {
    stage: &'a Stage,
    spec: &'a ShopSpec,
    events: &'a EventsSpec,
    cluster: Cluster,
    audit: Audit,
    journeys: Journeys,
}

/// Builds order, inventory and notification, and the cluster between them.
pub(super) fn build(stage: &Stage, spec: &ShopSpec, events: &EventsSpec, sites: &Sites) {
    let topics = [ORDERS, DECISIONS].map(|topic| (topic.to_owned(), events.topic.clone())).into();
    let floor = Floor {
        stage,
        spec,
        events,
        cluster: Cluster::host(stage, &events.cluster, &topics),
        audit: Audit::default(),
        journeys: Journeys::new(stage.trace(), "orders"),
    };
    floor.audit.close(stage, &floor.cluster, ORDERS, INVENTORY_GROUP);
    floor.build_order(&sites.order);
    floor.build_inventory(&sites.inventory);
    floor.build_notification(&sites.notification);
}

impl Floor<'_> {
    fn build_order(&self, site: &Site) {
        let (stage, spec, events, site) =
            (self.stage.clone(), self.spec.order.clone(), self.events.clone(), site.clone());
        let (cluster, audit, journeys) = (self.cluster.clone(), self.audit.clone(), self.journeys.clone());
        let database = stage.workers("order-db", spec.database.clone());
        let process = site.process.clone();
        process.on_start(move || {
            let service = Rc::new(OrderService {
                work: work(&stage, &site, spec.cpu),
                database: connect(&stage, &site, &database, &spec.pool, spec.statement),
                outlet: Outlet::default(),
                keyed: events.keyed,
                stock_view: events.stock_view.then(Cell::default),
                ledger: Ledger::new(&site),
                audit: audit.clone(),
                journeys: journeys.clone(),
                site: site.clone(),
            });
            let (placing, hearing) = (service.clone(), service.clone());
            listen(&site, &spec.server).method("Place", move |call, order| placing.clone().place(call, order));
            let kafka = cluster.client(&site, "order", events.client.clone());
            publish(&cluster, &kafka, &events, &service.outlet);
            let hear = handler(move |event| hearing.clone().on_stock_decided(event));
            consume(&cluster, &kafka, &events, (DECISIONS, ORDER_GROUP), hear);
        });
    }

    fn build_inventory(&self, site: &Site) {
        let (stage, spec, events, site) =
            (self.stage.clone(), self.spec.inventory.clone(), self.events.clone(), site.clone());
        let (cluster, audit) = (self.cluster.clone(), self.audit.clone());
        let database: Workers = stage.workers("inventory-db", spec.database.clone());
        let shelf = Shelf::new(spec.stock);
        let process = site.process.clone();
        process.on_start(move || {
            let service = Rc::new(InventoryService {
                work: work(&stage, &site, spec.cpu),
                database: connect(&stage, &site, &database, &spec.pool, spec.statement),
                outlet: Outlet::default(),
                shelf: shelf.clone(),
                idempotent: spec.idempotent,
                ledger: Ledger::new(&site),
                audit: audit.clone(),
                site: site.clone(),
            });
            let kafka = cluster.client(&site, "inventory", events.client.clone());
            publish(&cluster, &kafka, &events, &service.outlet);
            let hear = handler(move |event| service.clone().on_order_created(event));
            consume(&cluster, &kafka, &events, (ORDERS, INVENTORY_GROUP), hear);
        });
    }

    fn build_notification(&self, site: &Site) {
        let (stage, spec, events, site) =
            (self.stage.clone(), self.spec.notification.clone(), self.events.clone(), site.clone());
        let (cluster, journeys) = (self.cluster.clone(), self.journeys.clone());
        let process = site.process.clone();
        process.on_start(move || {
            let work = work(&stage, &site, spec.cpu);
            let service = Rc::new(NotificationService { work, journeys: journeys.clone(), site: site.clone() });
            let kafka = cluster.client(&site, "notification", events.client.clone());
            let hear = handler(move |event| service.clone().on_stock_decided(event));
            consume(&cluster, &kafka, &events, (DECISIONS, NOTIFICATION_GROUP), hear);
        });
    }
}

/// Connects a producer once, when the topics are there, and tries until it is connected.
fn publish(cluster: &Cluster, kafka: &Kafka, events: &EventsSpec, outlet: &Outlet) {
    let (cluster, kafka, config, outlet) = (cluster.clone(), kafka.clone(), events.producer.clone(), outlet.clone());
    kafka.site().process.clone().spawn(async move {
        cluster.ready().await;
        let producer = kafka.producer(config);
        while producer.connect().await.is_err() {}
        outlet.open(producer);
    });
}

/// Starts a consumer when the topics are there. A service that cannot connect tries again, as its supervisor would make it.
fn consume(cluster: &Cluster, kafka: &Kafka, events: &EventsSpec, (topic, group): (&str, &str), hear: Handler) {
    let (cluster, topic) = (cluster.clone(), topic.to_owned());
    let consumer = kafka.consumer(group, events.consumer.clone());
    let (trace, group) = (kafka.site().process.trace().clone(), group.to_owned());
    told::listen(&trace, &group, &consumer);
    kafka.site().process.clone().spawn(async move {
        cluster.ready().await;
        while consumer.connect().await.is_err() || consumer.subscribe(&[&topic]).await.is_err() {}
        consumer.run(told::telling(&trace, &group, hear)).await;
    });
}
