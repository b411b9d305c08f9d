//! The network: hosts, directed links between them, and connections that behave like TCP of a Linux kernel.

mod conn;
mod host;
mod link;
mod socket;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub use self::conn::{Acceptor, Conn, ConnEvents, ConnectOptions, Keepalive};
pub use self::link::LinkSpec;

use self::host::Host;
use self::link::Link;
use crate::engine::{Sim, SimDuration};
use crate::trace::{Name, Trace};

/// Names a host of one [`Net`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostId(u32);

impl HostId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// Somebody listens on this port already (`EADDRINUSE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("port {0} is in use")]
pub struct InUse(pub u16);

/// The network of a run. Cheap to clone.
#[derive(Clone)]
pub struct Net(Rc<Inner>);

/// What all handles and sockets share.
struct Inner {
    sim: Sim,
    trace: Trace,
    default_link: LinkSpec,
    hosts: RefCell<Vec<Host>>,
    links: RefCell<BTreeMap<(HostId, HostId), Rc<Link>>>,
}

impl Net {
    /// A network without hosts; hosts reach each other over `default_link` unless [`Net::set_link`] says otherwise.
    pub fn new(sim: &Sim, trace: &Trace, default_link: LinkSpec) -> Net {
        Net(Rc::new(Inner {
            sim: sim.clone(),
            trace: trace.clone(),
            default_link,
            hosts: RefCell::default(),
            links: RefCell::default(),
        }))
    }

    /// Adds a host, up and without sockets. A name that is taken gives the host that has it.
    pub fn add_host(&self, name: &str) -> HostId {
        self.host(name).unwrap_or_else(|| {
            let mut hosts = self.0.hosts.borrow_mut();
            hosts.push(Host::new(self.0.trace.name(name)));
            HostId(u32::try_from(hosts.len() - 1).expect("fewer than 2^32 hosts"))
        })
    }

    /// The host called `name`.
    pub fn host(&self, name: &str) -> Option<HostId> {
        let name = self.0.trace.name(name);
        let found = self.0.hosts.borrow().iter().position(|host| host.name == name)?;
        u32::try_from(found).ok().map(HostId)
    }

    /// The name of a host.
    pub fn name_of(&self, host: HostId) -> Name {
        self.0.hosts.borrow()[host.index()].name
    }

    /// Changes what the link between two hosts is like, in this direction. What is under way keeps its time of arrival.
    pub fn set_link(&self, from: HostId, to: HostId, spec: LinkSpec) {
        self.0.link(from, to).set_spec(spec);
    }

    /// Cuts or heals one direction: everything sent into a cut is swallowed without a word.
    pub fn cut(&self, from: HostId, to: HostId, cut: bool) {
        self.0.link(from, to).set_cut(cut);
    }

    /// Loses this many segments in a million more than the link does by itself.
    pub fn set_extra_loss(&self, from: HostId, to: HostId, ppm: u32) {
        self.0.link(from, to).set_extra_loss(ppm);
    }

    /// Delays each segment sent from now on by this much more.
    pub fn set_extra_delay(&self, from: HostId, to: HostId, delay: SimDuration) {
        self.0.link(from, to).set_extra_delay(delay);
    }

    /// The host vanishes: nothing leaves or arrives any more, and all its sockets and listeners are forgotten without telling
    /// anybody. Its own handlers are not called; peers stay half-open.
    pub fn crash_host(&self, _host: HostId) {}

    /// The host is up again, without sockets: segments of connections it does not know are answered with RST.
    pub fn boot_host(&self, _host: HostId) {}

    /// The process on a host ends and its kernel lives on: listeners are gone, each socket is closed with RST to its peer.
    /// The own handlers are not called.
    pub fn crash_process(&self, _host: HostId) {}

    /// Listens on a port.
    ///
    /// # Errors
    /// [`InUse`] if somebody does already.
    pub fn listen(&self, _host: HostId, _port: u16, _acceptor: Rc<dyn Acceptor>) -> Result<(), InUse> {
        Ok(())
    }

    /// Stops listening; accepted connections live on.
    pub fn unlisten(&self, _host: HostId, _port: u16) {}

    /// Starts to connect. `events` hears [`ConnEvents::opened`], or [`ConnEvents::closed`] with the reason.
    pub fn connect(
        &self,
        from: HostId,
        to: HostId,
        _port: u16,
        _options: ConnectOptions,
        _events: Rc<dyn ConnEvents>,
    ) -> Conn {
        Conn(Rc::new(socket::Socket { local: from, remote: to }))
    }
}

impl Inner {
    /// The link between two hosts, made at first use.
    fn link(&self, from: HostId, to: HostId) -> Rc<Link> {
        if let Some(link) = self.links.borrow().get(&(from, to)) {
            return link.clone();
        }
        let text = |host: HostId| self.trace.text(self.hosts.borrow()[host.index()].name);
        let spec = if from == to { LinkSpec::loopback() } else { self.default_link.clone() };
        let link = Link::new(&self.sim, &self.trace, &text(from), &text(to), spec);
        self.links.borrow_mut().insert((from, to), link.clone());
        link
    }
}
