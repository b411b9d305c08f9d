//! The stage of a run: the named parts of a world, so that services can find each other and faults can find them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::engine::Sim;
use crate::fault::Active;
use crate::grpc::Installed;
use crate::grpc::Site;
use crate::grpc::guard::MakeGuard;
use crate::grpc::retry::MakeRetry;
use crate::net::{LinkSpec, Net, TcpSpec};
use crate::process::{Pool, PoolSpec, Process, ProcessSpec, Workers, WorkersSpec};
use crate::trace::{Event, Exit, Trace};

/// A world's parts by name. Cheap to clone.
#[derive(Clone)]
pub struct Stage(Rc<Inner>);

struct Inner {
    sim: Sim,
    trace: Trace,
    net: Net,
    sites: RefCell<BTreeMap<String, Site>>,
    workers: RefCell<BTreeMap<String, Workers>>,
    pools: RefCell<BTreeMap<String, Pool>>,
    aliases: RefCell<BTreeMap<String, Bearer>>,
    faults: Active,
    retries: Installed<MakeRetry>,
    guards: Installed<MakeGuard>,
}

/// Finds out who bears an alias now.
type Bearer = Rc<dyn Fn() -> Option<String>>;

impl Stage {
    /// An empty stage with one network, all of whose kernels are set alike.
    pub fn new(sim: &Sim, trace: &Trace, link: LinkSpec, tcp: TcpSpec) -> Self {
        let stage = Self(Rc::new(Inner {
            sim: sim.clone(),
            trace: trace.clone(),
            net: Net::new(sim, trace, link, tcp),
            sites: RefCell::default(),
            workers: RefCell::default(),
            pools: RefCell::default(),
            aliases: RefCell::default(),
            faults: Active::default(),
            retries: Installed::default(),
            guards: Installed::default(),
        }));
        let parts = Rc::downgrade(&stage.0);
        sim.at_end(move || {
            if let Some(parts) = parts.upgrade() {
                parts.sites.take();
                parts.workers.take();
                parts.pools.take();
                parts.aliases.take();
            }
        });
        stage
    }

    /// The engine.
    pub fn sim(&self) -> &Sim {
        &self.0.sim
    }

    /// The trace.
    pub fn trace(&self) -> &Trace {
        &self.0.trace
    }

    /// The network.
    pub fn net(&self) -> &Net {
        &self.0.net
    }

    /// Adds a service: a process on a host of its own. When the process ends, the kernel closes its sockets; when the host
    /// vanishes, nobody does. Not started yet.
    pub fn service(&self, name: &str, spec: ProcessSpec) -> Site {
        let (net, host) = (self.0.net.clone(), self.0.net.add_host(name));
        let process = Process::new(&self.0.sim, &self.0.trace, name, spec);
        let kernel = net.clone();
        process.on_exit(move |why| match why {
            Exit::HostLost => kernel.crash_host(host),
            Exit::OutOfMemory | Exit::Crashed | Exit::Stopped => kernel.crash_process(host),
        });
        let (retries, guards) = (self.0.retries.clone(), self.0.guards.clone());
        let site = Site { process, net, host, retries, guards };
        self.0.sites.borrow_mut().insert(name.into(), site.clone());
        site
    }

    /// Lets this code decide whether the client of this name (`caller->callee`) tries again, in place of its policy's loop. Before the
    /// client's process starts.
    pub fn retry(&self, client: &str, make: MakeRetry) {
        self.0.retries.install(client, make);
    }

    /// Lets this code decide which calls the client of this name (`caller->callee`) makes, beside its policy's bulkhead. Before the
    /// client's process starts.
    pub fn guard(&self, client: &str, make: MakeGuard) {
        self.0.guards.install(client, make);
    }

    /// Adds a multi-worker server, such as a database.
    pub fn workers(&self, name: &str, spec: WorkersSpec) -> Workers {
        let workers = Workers::new(&self.0.sim, &self.0.trace, name, spec);
        self.0.workers.borrow_mut().insert(name.into(), workers.clone());
        workers
    }

    /// Makes a pool of a process and lists it as `<process>.<pool>`. A restarted process makes its pools anew; one that
    /// a fault has shrunk stays so.
    pub fn pool(&self, process: &Process, name: &str, spec: PoolSpec) -> Pool {
        let size = u64::from(spec.size);
        let pool = Pool::new(process, name, spec);
        let full = format!("{}.{name}", self.0.trace.text(process.name()));
        let (what, key) = (self.0.trace.name("pool.capacity"), self.0.trace.name(&full).hash());
        self.0.trace.emit(Event::Fact { what, key, amount: size });
        if let Some(limit) = self.0.faults.pool_limit(&full) {
            pool.shrink_to(Some(limit));
        }
        self.0.pools.borrow_mut().insert(full, pool.clone());
        pool
    }

    /// The service of this name.
    pub fn site(&self, name: &str) -> Option<Site> {
        self.0.sites.borrow().get(name).cloned()
    }

    /// The multi-worker server of this name.
    pub fn workers_of(&self, name: &str) -> Option<Workers> {
        self.0.workers.borrow().get(name).cloned()
    }

    /// The pool of this name, as it is now.
    pub fn pool_of(&self, name: &str) -> Option<Pool> {
        self.0.pools.borrow().get(name).cloned()
    }

    /// Lets faults name a node by what it is at the time, such as the controller of a cluster. `bearer` is asked when a fault
    /// begins; it answers with the name of a node, or with none when nobody is it.
    pub fn alias(&self, name: &str, bearer: impl Fn() -> Option<String> + 'static) {
        self.0.aliases.borrow_mut().insert(name.into(), Rc::new(bearer));
    }

    /// Whether this name is an alias.
    pub fn is_alias(&self, name: &str) -> bool {
        self.0.aliases.borrow().contains_key(name)
    }

    /// The node of this name: whoever bears it now if it is an alias, and otherwise the name itself.
    pub fn bearer(&self, name: &str) -> Option<String> {
        let alias = self.0.aliases.borrow().get(name).cloned();
        alias.map_or_else(|| Some(name.into()), |bearer| bearer())
    }

    /// The faults under way.
    pub(crate) fn faults(&self) -> &Active {
        &self.0.faults
    }

    /// Starts all services, in order of their names.
    pub fn start(&self) {
        let sites: Vec<Site> = self.0.sites.borrow().values().cloned().collect();
        for site in sites {
            site.process.start();
        }
    }
}
