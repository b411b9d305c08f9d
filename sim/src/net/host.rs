//! A host: what its kernel knows. Also the two ways to die: a host takes its kernel along, a process does not.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::conn::Acceptor;
use super::link::HEADERS;
use super::signal::Signal;
use super::socket::Socket;
use super::{HostId, Inner};
use crate::trace::{Gauge, Name};

/// What the kernel of one host knows.
pub(super) struct Host {
    pub(super) name: Name,
    up: bool,
    /// Connections that belong to a process.
    open: u64,
    sockets: BTreeMap<u64, Rc<Socket>>,
    pub(super) listeners: BTreeMap<u16, Rc<dyn Acceptor>>,
}

impl Host {
    pub(super) fn new(name: Name) -> Self {
        Self { name, up: true, open: 0, sockets: BTreeMap::new(), listeners: BTreeMap::new() }
    }
}

impl Inner {
    pub(super) fn is_up(&self, host: HostId) -> bool {
        self.hosts.borrow()[host.index()].up
    }

    pub(super) fn socket(&self, host: HostId, key: u64) -> Option<Rc<Socket>> {
        self.hosts.borrow()[host.index()].sockets.get(&key).cloned()
    }

    pub(super) fn add_socket(&self, socket: &Rc<Socket>) {
        let known = self.hosts.borrow_mut()[socket.local.index()].sockets.insert(socket.key, socket.clone());
        assert!(known.is_none(), "a socket is added once");
    }

    pub(super) fn remove_socket(&self, socket: &Socket) {
        let removed = self.hosts.borrow_mut()[socket.local.index()].sockets.remove(&socket.key);
        drop(removed); // after the borrow: it may own the last handle of much else
    }

    pub(super) fn listener(&self, host: HostId, port: u16) -> Option<Rc<dyn Acceptor>> {
        self.hosts.borrow()[host.index()].listeners.get(&port).cloned()
    }

    /// Counts a connection that was opened, or is no longer.
    pub(super) fn count_open(&self, host: HostId, opened: bool) {
        let (name, open) = {
            let host = &mut self.hosts.borrow_mut()[host.index()];
            host.open = if opened { host.open + 1 } else { host.open - 1 };
            (host.name, host.open)
        };
        self.trace.gauge(name, Gauge::Connections, open);
    }

    /// Answers what reached `host` from a socket that no longer has a counterpart there: RST if the kernel lives.
    pub(super) fn reject(&self, from: &Rc<Socket>) {
        if !self.is_up(from.remote) {
            return;
        }
        if let Some(at) = self.link(from.remote, from.local).carry(HEADERS) {
            self.sim.fire_at(at, from.clone(), Signal::Rejected.token());
        }
    }

    pub(super) fn set_up(&self, host: HostId, up: bool) {
        self.hosts.borrow_mut()[host.index()].up = up;
    }

    /// Forgets all sockets and listeners of a host without calling anybody; with `rst`, the peers are told.
    pub(super) fn forget_all(&self, host: HostId, rst: bool) {
        let (sockets, listeners) = {
            let host = &mut self.hosts.borrow_mut()[host.index()];
            (std::mem::take(&mut host.sockets), std::mem::take(&mut host.listeners))
        };
        for socket in sockets.values() {
            match rst {
                true => socket.abort(),
                false => socket.vanish(),
            }
        }
        drop((sockets, listeners)); // after the borrow: they may own the last handle of much else
    }

    /// Breaks all circles of references at the end of the run, without a word to the trace.
    pub(super) fn clear(&self) {
        let taken: Vec<_> = {
            let mut hosts = self.hosts.borrow_mut();
            let parts = |host: &mut Host| (std::mem::take(&mut host.sockets), std::mem::take(&mut host.listeners));
            hosts.iter_mut().map(parts).collect()
        };
        for (sockets, _) in &taken {
            sockets.values().for_each(|socket| socket.silence());
        }
        drop(taken); // after the borrow: it may own the last handle of much else
        self.links.borrow_mut().clear();
    }
}
