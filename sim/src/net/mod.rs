//! The network: hosts, directed links between them, and connections that behave like TCP of a Linux kernel.
//!
//! The lessons depend on how TCP fails, so that is what is faithful here: one lost segment stalls all messages behind it, a
//! silent cut is noticed by nobody who only waits, retransmission starts at 200 ms and gives up after 924.6 s by default, a dead process
//! answers and a dead host does not. Numbers: MODEL-REFERENCE.md A7 and A9.
//!
//! **Where.** `conn`: what owners see. `link`: when a segment arrives. `host`: sockets, listeners, crashes. `socket`: the
//! life of one end, driven by what arrives (`arrive`) and by `timers`; its decisions are made sans-I/O by `sender`,
//! `receiver`, `rto` and `syn`. `tcp`: what operators set. `signal`: how a segment becomes an engine event without being allocated.
//!
//! **Cost.** A message on a healthy connection is two events, its arrival and that of its acknowledgement, and no heap
//! allocation beside the caller's body; the retransmission timer is one pending event for each active end.
//!
//! **Times.** The fate of a segment is sealed when it is sent: a cut, a loss or a delay that begins later does not touch it.
//! Segments of one connection and direction do not overtake each other, as on one path through a network; jitter
//! therefore delays and never reorders.
//!
//! **Hosts and processes.** One host is one kernel and at most one process: [`Net::crash_process`] ends all its connections.
//!
//! **Not modelled.** One message is one segment, whatever its size: no MSS, no segmentation, no congestion window (but for the one segment after an expiry), slow start or
//! pacing, no flow-control window, no socket send buffer (callers bound it: [`Conn::tell_when_below`]), no Nagle, no
//! delayed or piggybacked ACKs, no tail-loss probe and no RACK timer (a lone lost segment waits for the RTO), no ICMP
//! errors, no TIME_WAIT (a repeated FIN is answered with RST), no half-open use after a FIN, no SYN queue or accept
//! backlog limit, no ports of the client, no timestamps in milliseconds (an ACK names the attempt it
//! answers instead, which is what they are for), no `TCP_USER_TIMEOUT`. The RTO is that of
//! RFC 6298, max(200 ms, SRTT + 4 RTTVAR); Linux puts the 200 ms below the deviation alone and so waits one SRTT longer.
//! A process that ends always resets its connections; Linux does so only where unread data is queued, and else sends FIN.
//! Segments are lost, never corrupted or duplicated. An acknowledgement names one segment received early, a real one up
//! to three ranges.
//!
//! **Never here:** what messages mean.

mod arrive;
mod conn;
mod host;
mod link;
mod receiver;
mod rto;
mod sender;
mod signal;
mod socket;
mod syn;
mod tcp;
#[cfg(test)]
mod tests;
mod timers;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

pub use self::conn::{Acceptor, Conn, ConnEvents, ConnectOptions, Keepalive};
pub use self::link::LinkSpec;
pub use self::tcp::TcpSpec;

use self::host::Host;
use self::link::{HEADERS, Link};
use self::rto::give_up_after;
use self::signal::Signal;
use self::socket::{Address, Socket, State};
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
    tcp: TcpSpec,
    /// How long an open connection waits for any acknowledgement.
    give_up: SimDuration,
    hosts: RefCell<Vec<Host>>,
    links: RefCell<BTreeMap<(HostId, HostId), Rc<Link>>>,
    next_key: Cell<u64>,
}

impl Net {
    /// A network without hosts; hosts reach each other over `default_link` unless [`Net::set_link`] says otherwise.
    /// All kernels are set alike.
    pub fn new(sim: &Sim, trace: &Trace, default_link: LinkSpec, tcp: TcpSpec) -> Net {
        let inner = Rc::new(Inner {
            sim: sim.clone(),
            trace: trace.clone(),
            default_link,
            tcp,
            give_up: give_up_after(tcp.retries2),
            hosts: RefCell::default(),
            links: RefCell::default(),
            next_key: Cell::new(0),
        });
        let at_end = inner.clone();
        sim.at_end(move || at_end.clear());
        Net(inner)
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
    pub fn crash_host(&self, host: HostId) {
        self.0.set_up(host, false);
        self.0.forget_all(host, false);
    }

    /// The host is up again, without sockets: segments of connections it does not know are answered with RST.
    pub fn boot_host(&self, host: HostId) {
        self.0.set_up(host, true);
    }

    /// The process on a host ends and its kernel lives on: listeners are gone, each socket is closed with RST to its peer.
    /// The own handlers are not called.
    pub fn crash_process(&self, host: HostId) {
        self.0.forget_all(host, true);
    }

    /// Listens on a port.
    ///
    /// # Errors
    /// [`InUse`] if somebody does already.
    pub fn listen(&self, host: HostId, port: u16, acceptor: Rc<dyn Acceptor>) -> Result<(), InUse> {
        let listeners = &mut self.0.hosts.borrow_mut()[host.index()].listeners;
        if listeners.contains_key(&port) {
            return Err(InUse(port));
        }
        listeners.insert(port, acceptor);
        Ok(())
    }

    /// Stops listening; accepted connections live on.
    pub fn unlisten(&self, host: HostId, port: u16) {
        let acceptor = self.0.hosts.borrow_mut()[host.index()].listeners.remove(&port);
        drop(acceptor); // after the borrow: it may own the last handle of much else
    }

    /// Starts to connect. `events` hears [`ConnEvents::opened`], or [`ConnEvents::closed`] with the reason, never before this
    /// returns. On a host that is down nothing ever happens.
    pub fn connect(
        &self,
        from: HostId,
        to: HostId,
        port: u16,
        options: ConnectOptions,
        events: Rc<dyn ConnEvents>,
    ) -> Conn {
        let key = self.0.next_key.replace(self.0.next_key.get() + 2); // the server's end takes the odd number
        let address = Address { key, local: from, remote: to, port, connecting: true };
        let up = self.0.is_up(from);
        let state = if up { State::SynSent } else { State::Gone };
        let socket = Socket::new(&self.0, address, state, options.keepalive);
        if up {
            *socket.events.borrow_mut() = Some(events);
            self.0.add_socket(&socket);
            socket.transmit(HEADERS, Signal::Syn);
            socket.watch_handshake();
        }
        Conn(socket)
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
