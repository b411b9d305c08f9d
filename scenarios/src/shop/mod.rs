//! The article's shop: customers → gateway → order → inventory and notification, and a catalog for browsing.

mod database;
pub mod events;
mod services;
mod shelf;
pub mod spec;

use std::rc::Rc;

use gridlock_sim::dist::Dist;
use gridlock_sim::grpc::{Client, ClientPolicy, Server, ServerPolicy, Site};
use gridlock_sim::http::{self, HttpServer};
use gridlock_sim::net::HostId;
use gridlock_sim::process::{PoolSpec, Workers};
use gridlock_sim::stage::Stage;
use gridlock_sim::workload::Visit;

use self::database::Database;
use self::services::{Gateway, InventoryService, LeafService, Ledger, OrderService, Work, request};
use self::shelf::Shelf;
pub use self::spec::ShopSpec;

/// Where services listen for gRPC.
const GRPC: u16 = 50051;
/// Where the gateway takes orders.
const CHECKOUT: u16 = 8080;
/// Where the gateway serves pages.
const BROWSE: u16 = 8081;

/// The services of the shop; each is a node that faults can name.
pub const SERVICES: [&str; 5] = ["catalog", "gateway", "inventory", "notification", "order"];
/// The databases of the shop; faults can slow them.
pub const DATABASES: [&str; 2] = ["inventory-db", "order-db"];
/// Pools that faults can shrink.
pub const POOLS: [&str; 3] = ["gateway.slots", "inventory.db", "order.db"];
/// The host all customers share.
pub const CUSTOMERS: &str = "customers";
/// What customers want.
pub const CLASSES: [&str; 2] = ["browse", "orders"];

impl ShopSpec {
    /// The processes of the shop, which faults can name.
    pub(crate) fn processes(&self) -> Vec<String> {
        let brokers = self.events.iter().flat_map(|events| events.cluster.node_names());
        SERVICES.iter().map(|name| (*name).to_string()).chain(brokers).collect()
    }

    /// The nodes without which requests of a class cannot be answered. On Kafka an order is answered before inventory knows of it.
    pub(crate) fn needs(&self, class: &str) -> Vec<String> {
        let (accepting, reserving) = (["order", "order-db"], ["inventory", "inventory-db", "notification"]);
        let own: Vec<&str> = match (class, &self.events) {
            ("browse", _) => vec!["catalog"],
            ("orders", Some(_)) => accepting.to_vec(),
            _ => accepting.into_iter().chain(reserving).collect(),
        };
        let brokers = self.events.iter().filter(|_| class != "browse").flat_map(|events| events.cluster.node_names());
        [CUSTOMERS, "gateway"].into_iter().chain(own).map(str::to_owned).chain(brokers).collect()
    }

    /// Who talks to whom. On Kafka order calls nobody; it, inventory and notification talk to the brokers.
    pub(crate) fn links(&self) -> Vec<(String, String)> {
        let pair = |(a, b): (&str, &str)| (a.to_owned(), b.to_owned());
        let always = [(CUSTOMERS, "gateway"), ("gateway", "catalog"), ("gateway", "order")].map(pair);
        let Some(events) = &self.events else {
            return always.into_iter().chain([("order", "inventory"), ("order", "notification")].map(pair)).collect();
        };
        let clients = ["order", "inventory", "notification"].map(str::to_owned);
        always.into_iter().chain(events.cluster.links(&clients)).collect()
    }
}

/// Builds the shop on a stage; [`Stage::start`] brings it up.
pub fn build(stage: &Stage, spec: &ShopSpec) {
    let sites = Sites {
        gateway: stage.service("gateway", spec.gateway.process.clone()),
        order: stage.service("order", spec.order.process.clone()),
        inventory: stage.service("inventory", spec.inventory.process.clone()),
        notification: stage.service("notification", spec.notification.process.clone()),
        catalog: stage.service("catalog", spec.catalog.process.clone()),
    };
    stage.net().add_host(CUSTOMERS);
    build_gateway(stage, spec, &sites);
    match &spec.events {
        Some(events) => events::build(stage, spec, events, &sites),
        None => {
            build_order(stage, spec, &sites);
            build_inventory(stage, spec, &sites);
            build_leaf(stage, &sites.notification, "Confirm", &spec.notification.server, spec.notification.cpu);
        }
    }
    build_leaf(stage, &sites.catalog, "Page", &spec.catalog.server, spec.catalog.cpu);
}

/// One visit of a customer of `class`.
pub fn visit(stage: &Stage, class: &str, customer: u64) -> Visit {
    let net = stage.net().clone();
    let port = if class == "orders" { CHECKOUT } else { BROWSE };
    let (from, to) = (host(stage, CUSTOMERS), host(stage, "gateway"));
    Box::pin(async move {
        let reply = http::request(&net, from, (to, port), request(customer)).await;
        reply.map(|_| ()).map_err(|status| status.code)
    })
}

struct Sites {
    gateway: Site,
    order: Site,
    inventory: Site,
    notification: Site,
    catalog: Site,
}

fn build_gateway(stage: &Stage, spec: &ShopSpec, sites: &Sites) {
    let (stage, spec, site) = (stage.clone(), spec.gateway.clone(), sites.gateway.clone());
    let (order, catalog) = (sites.order.host, sites.catalog.host);
    sites.gateway.process.on_start(move || {
        let gateway = Rc::new(Gateway {
            slots: stage.pool(&site.process, "slots", spec.slots.clone()),
            order: client(&site, "order", order, &spec.to_order),
            catalog: client(&site, "catalog", catalog, &spec.to_catalog),
            site: site.clone(),
            spec: spec.clone(),
        });
        let (checkout, browse) = (gateway.clone(), gateway);
        HttpServer::listen(&site, CHECKOUT, spec.cpu, move |visit, order| checkout.clone().checkout(visit, order))
            .expect("a fresh process owns its ports");
        HttpServer::listen(&site, BROWSE, spec.cpu, move |visit, page| browse.clone().browse(visit, page))
            .expect("a fresh process owns its ports");
    });
}

fn build_order(stage: &Stage, spec: &ShopSpec, sites: &Sites) {
    let (stage, spec, site) = (stage.clone(), spec.order.clone(), sites.order.clone());
    let (inventory, notification) = (sites.inventory.host, sites.notification.host);
    let database = stage.workers("order-db", spec.database.clone());
    sites.order.process.on_start(move || {
        let service = Rc::new(OrderService {
            work: work(&stage, &site, spec.cpu),
            database: connect(&stage, &site, &database, &spec.pool, spec.statement),
            inventory: client(&site, "inventory", inventory, &spec.to_inventory),
            notification: client(&site, "notification", notification, &spec.to_notification),
            ledger: Ledger::new(&site),
            site: site.clone(),
            spec: spec.clone(),
        });
        listen(&site, &spec.server).method("Place", move |call, order| service.clone().place(call, order));
    });
}

fn build_inventory(stage: &Stage, spec: &ShopSpec, sites: &Sites) {
    let (stage, spec, site) = (stage.clone(), spec.inventory.clone(), sites.inventory.clone());
    let database = stage.workers("inventory-db", spec.database.clone());
    let shelf = Shelf::new(spec.stock);
    sites.inventory.process.on_start(move || {
        let service = Rc::new(InventoryService {
            work: work(&stage, &site, spec.cpu),
            database: connect(&stage, &site, &database, &spec.pool, spec.statement),
            shelf: shelf.clone(),
            ledger: Ledger::new(&site),
            site: site.clone(),
            spec: spec.clone(),
        });
        listen(&site, &spec.server).method("Reserve", move |call, order| service.clone().reserve(call, order));
    });
}

fn build_leaf(stage: &Stage, site: &Site, method: &'static str, server: &ServerPolicy, cpu: Dist) {
    let (stage, me, server) = (stage.clone(), site.clone(), server.clone());
    site.process.on_start(move || {
        let service = Rc::new(LeafService { work: work(&stage, &me, cpu), site: me.clone() });
        listen(&me, &server).method(method, move |call, request| service.clone().answer(call, request));
    });
}

fn listen(site: &Site, policy: &ServerPolicy) -> Server {
    Server::listen(site, GRPC, policy.clone()).expect("a fresh process owns its ports")
}

/// A client called `<caller>->callee`.
fn client(site: &Site, callee: &str, host: HostId, policy: &ClientPolicy) -> Client {
    let name = format!("{}->{callee}", site.process.trace().text(site.process.name()));
    Client::new(site, &name, &[(host, GRPC)], policy.clone())
}

fn work(stage: &Stage, site: &Site, demand: Dist) -> Work {
    let label = format!("{}/cpu", stage.trace().text(site.process.name()));
    Work { demand, draws: stage.sim().draws(&label) }
}

fn connect(stage: &Stage, site: &Site, workers: &Workers, pool: &PoolSpec, statement: Dist) -> Database {
    let label = format!("{}/statement", stage.trace().text(site.process.name()));
    Database {
        sim: stage.sim().clone(),
        pool: stage.pool(&site.process, "db", pool.clone()),
        workers: workers.clone(),
        statement,
        draws: stage.sim().draws(&label),
    }
}

fn host(stage: &Stage, name: &str) -> HostId {
    stage.net().host(name).expect("the shop has built its hosts")
}

/// The largest pool, and the most workers of a database: far beyond any real one.
const SIZE_MAX: u32 = 1_000_000;

/// Problems of the parameters, each as `<path>: <message>`.
pub(crate) fn check(spec: &ShopSpec) -> Result<(), Vec<String>> {
    let sizes = [
        ("gateway.slots.size", spec.gateway.slots.size),
        ("order.pool.size", spec.order.pool.size),
        ("order.database.workers", spec.order.database.workers),
        ("inventory.pool.size", spec.inventory.pool.size),
        ("inventory.database.workers", spec.inventory.database.workers),
    ];
    let odd = sizes.iter().filter(|(_, size)| !(1..=SIZE_MAX).contains(size));
    let problem = |(path, _): &(&str, u32)| format!("world.shop.{path}: must lie between 1 and {SIZE_MAX}");
    let clients = [
        ("gateway.to_order", &spec.gateway.to_order),
        ("gateway.to_catalog", &spec.gateway.to_catalog),
        ("order.to_inventory", &spec.order.to_inventory),
        ("order.to_notification", &spec.order.to_notification),
    ];
    let servers = [
        ("order.server", &spec.order.server),
        ("inventory.server", &spec.inventory.server),
        ("catalog.server", &spec.catalog.server),
        ("notification.server", &spec.notification.server),
    ];
    let clients = clients.into_iter().map(|(path, policy)| (path, policy.problems()));
    let policies = clients.chain(servers.into_iter().map(|(path, policy)| (path, policy.problems())));
    let policies = policies.flat_map(|(path, problems)| {
        problems.into_iter().map(move |(field, say)| format!("world.shop.{path}.{field}: {say}"))
    });
    let problems: Vec<String> = odd.map(problem).chain(policies).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
