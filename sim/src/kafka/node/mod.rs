//! Hosts a node of the cluster: brings its state machine onto a process, a network and a clock.
//!
//! A [`Machine`] decides what a broker or controller does and knows nothing of sockets; a [`Node`] delivers to it what arrives and
//! carries out what it wants. It never looks into a request.
//!
//! | where | what |
//! |---|---|
//! | `inbound` | connections of clients and peers: one request of each at a time, in order (B2) |
//! | `outbound` | the machine's own requests: one connection for each peer and lane, one request at a time |
//!
//! **Crashes.** When the process ends, everything is lost but what [`Machine::crash`] makes of it; the next start gets that.
//! A paused process handles nothing while its kernel goes on accepting connections and data.
//!
//! **Threads.** A broker is no event loop: what arrives is handled when it arrives, by a thread of [`Placement::workers`] where it
//! costs something.
//!
//! **Not modelled:** the queue between network and request threads has no bound of its own (`queued.max.requests` 500): each
//! connection waits with one request at most, so there are never more than connections. A closed connection is noticed at once, also
//! while one of its requests is at work.

mod inbound;
mod outbound;
#[cfg(test)]
pub(crate) mod tests;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::inbound::{Front, Inbound};
use self::outbound::Outbound;
use super::machine::{Input, Output, Sent, Ticket};
use super::protocol::Response;
use super::types::BrokerId;
use super::wire::AddressBook;
use crate::engine::{SimDuration, SimTime};
use crate::grpc::Site;
use crate::process::{ProcessTimer, Workers};
use crate::trace::Exit;

/// What a node decides, without I/O (see [`super::machine`]).
pub trait Machine {
    /// What survives the end of the process.
    type Disk;

    /// Something has happened; returns what is wanted done, in order. The first is [`Input::Timeout`], at the start.
    fn handle(&mut self, now: SimTime, input: Input) -> Vec<Output>;

    /// When [`Input::Timeout`] is wanted at the latest.
    fn next_timeout(&self) -> Option<SimTime>;

    /// The process has ended: what the disk still has. A lost host may lose what was never flushed; a lost process does not (B1).
    fn crash(self, why: Exit) -> Self::Disk;
}

/// What hosting a node costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NodeSpec {
    /// Time of one worker for a request: reading, handling and answering it. Default 50 µs: an assumption, 20 000 small requests
    /// a second on a core.
    pub cpu_per_request: SimDuration,
}

impl Default for NodeSpec {
    fn default() -> Self {
        Self { cpu_per_request: SimDuration::from_micros(50) }
    }
}

/// Where a node lives and whom it can reach.
#[derive(Clone)]
pub struct Placement {
    /// Its process and host.
    pub site: Site,
    /// Its threads; outlives the process, as a machine's cores do.
    pub workers: Workers,
    /// Which node of the cluster it is.
    pub id: BrokerId,
    /// Where all nodes listen, this one included.
    pub book: AddressBook,
    /// What it costs.
    pub spec: NodeSpec,
}

/// A node on its host, through all lives of its process. Cheap to clone.
pub struct Node<M: Machine>(Rc<Hosted<M>>);

impl<M: Machine> Clone for Node<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Hosted<M: Machine> {
    place: Placement,
    life: RefCell<Option<Rc<Life<M>>>>,
    disk: RefCell<Option<M::Disk>>,
}

impl<M: Machine + 'static> Node<M> {
    /// Puts a node onto its place. `boot` makes the machine at each start of the process, from what the last life has left on
    /// disk; none at the first start.
    ///
    /// # Panics
    /// At start, when the node is not in the address book or its port is taken.
    pub fn host(place: Placement, boot: impl Fn(SimTime, Option<M::Disk>) -> M + 'static) -> Self {
        let process = place.site.process.clone();
        let hosted = Rc::new(Hosted { place, life: RefCell::default(), disk: RefCell::default() });
        let (starting, ending, closing) = (hosted.clone(), hosted.clone(), hosted.clone());
        process.on_start(move || {
            let machine = boot(starting.place.site.process.sim().now(), starting.disk.take());
            starting.start(machine);
        });
        process.on_exit(move |why| ending.crash(why));
        process.sim().at_end(move || drop((closing.life.take(), closing.disk.take())));
        Self(hosted)
    }

    /// Looks at the machine; `None` while the process is down.
    pub fn with<T>(&self, look: impl FnOnce(&M) -> T) -> Option<T> {
        let life = self.0.life.borrow().clone()?;
        let machine = life.machine.borrow();
        machine.as_ref().map(look)
    }

    /// Looks at what is on disk while the process is down.
    pub fn with_disk<T>(&self, look: impl FnOnce(&M::Disk) -> T) -> Option<T> {
        self.0.disk.borrow().as_ref().map(look)
    }

    /// Tells the machine something that no request says, such as that it should stop. Does nothing while the process is down.
    pub fn tell(&self, what: impl FnOnce(&mut M, SimTime) -> Vec<Output> + 'static) {
        let life = self.0.life.borrow().clone();
        if let Some(life) = life {
            life.in_process(|life| life.told(what));
        }
    }
}

impl<M: Machine + 'static> Hosted<M> {
    fn start(&self, machine: M) {
        let place = self.place.clone();
        let port = place.book[&place.id].port;
        let life = Rc::new_cyclic(|me: &Weak<Life<M>>| Life {
            me: me.clone(),
            outbound: Outbound::new(&place, me.clone()),
            place: place.clone(),
            machine: RefCell::new(Some(machine)),
            origins: RefCell::default(),
            next_ticket: Cell::new(0),
            timer: RefCell::default(),
        });
        *self.life.borrow_mut() = Some(life.clone());
        place.site.net.listen(place.site.host, port, Rc::new(Front(Rc::downgrade(&life)))).expect("the port is free");
        life.next_moment(|life| life.handle(Input::Timeout)); // the machine looks round once
    }

    fn crash(&self, why: Exit) {
        let life = self.life.borrow_mut().take();
        let machine = life.and_then(|life| life.machine.borrow_mut().take());
        if let Some(machine) = machine {
            *self.disk.borrow_mut() = Some(machine.crash(why));
        }
    }
}

/// Who waits for the answer to a ticket.
enum Origin<M: Machine> {
    /// A connection.
    Remote(Weak<Inbound<M>>),
    /// The machine itself.
    Local(Sent),
}

/// One life of a node's process.
struct Life<M: Machine> {
    me: Weak<Life<M>>,
    place: Placement,
    /// Gone once the process has ended.
    machine: RefCell<Option<M>>,
    outbound: Outbound<M>,
    origins: RefCell<BTreeMap<Ticket, Origin<M>>>,
    next_ticket: Cell<u64>,
    timer: RefCell<Option<(SimTime, ProcessTimer)>>,
}

impl<M: Machine + 'static> Life<M> {
    fn is_over(&self) -> bool {
        self.machine.borrow().is_none()
    }

    /// A new ticket for whoever waits at `origin`.
    fn ticket(&self, origin: Origin<M>) -> Ticket {
        let ticket = Ticket(self.next_ticket.replace(self.next_ticket.get() + 1));
        self.origins.borrow_mut().insert(ticket, origin);
        ticket
    }

    /// Runs `then` in a thread of the process, unless this life is over by then: nothing happens while the process is paused.
    fn in_process(&self, then: impl FnOnce(&Self) + 'static) {
        let me = self.me.clone();
        self.place.site.process.in_thread(move || {
            if let Some(me) = me.upgrade().filter(|life| !life.is_over()) {
                then(&me);
            }
        });
    }

    /// The same at this instant, but not within this call.
    fn next_moment(&self, then: impl FnOnce(&Self) + 'static) {
        let (me, sim) = (self.me.clone(), self.place.site.process.sim());
        sim.call_at(sim.now(), move || {
            if let Some(me) = me.upgrade() {
                me.in_process(then);
            }
        });
    }

    /// Runs `then` after a worker has spent the cost of a request.
    fn at_work(&self, then: impl FnOnce(&Self) + 'static) {
        let me = self.me.clone();
        self.place.workers.submit(self.place.spec.cpu_per_request, move |_| {
            if let Some(me) = me.upgrade() {
                me.in_process(then);
            }
        });
    }

    /// Feeds the machine and carries out what it wants.
    fn handle(&self, input: Input) {
        self.told(|machine, now| machine.handle(now, input));
    }

    fn told(&self, what: impl FnOnce(&mut M, SimTime) -> Vec<Output>) {
        let now = self.place.site.process.sim().now();
        let outputs = match &mut *self.machine.borrow_mut() {
            Some(machine) => what(machine, now),
            None => return,
        };
        for output in outputs {
            self.perform(output);
        }
        self.schedule();
    }

    fn perform(&self, output: Output) {
        match output {
            Output::Answer { ticket, response } => self.answer(ticket, response),
            Output::Send { sent, to, request, .. } if to == self.place.id => {
                let ticket = self.ticket(Origin::Local(sent));
                self.at_work(move |life| life.handle(Input::Request { ticket, request }));
            }
            Output::Send { sent, to, lane, timeout, request } => {
                self.outbound.send((to, lane), outbound::Errand { sent, timeout, request });
            }
        }
    }

    fn answer(&self, ticket: Ticket, response: Option<Response>) {
        let origin = self.origins.borrow_mut().remove(&ticket);
        match origin {
            Some(Origin::Remote(connection)) => {
                if let Some(connection) = connection.upgrade() {
                    connection.answer(response);
                }
            }
            Some(Origin::Local(sent)) => {
                self.next_moment(move |life| life.handle(Input::Answer { sent, answer: response }));
            }
            None => {}
        }
    }

    /// The connection of a ticket is gone.
    fn gone(&self, ticket: Ticket) {
        let waiting = self.origins.borrow_mut().remove(&ticket);
        if waiting.is_some() {
            self.handle(Input::Gone(ticket));
        }
    }

    fn wanted(&self) -> Option<SimTime> {
        self.machine.borrow().as_ref().and_then(Machine::next_timeout)
    }

    /// Makes sure that the one timer expires no later than the machine wants. Expiring early is cheaper than moving it.
    fn schedule(&self) {
        let Some(wanted) = self.wanted() else { return };
        if self.timer.borrow().as_ref().is_some_and(|(set, _)| *set <= wanted) {
            return;
        }
        let me = self.me.clone();
        let then = move || me.upgrade().into_iter().for_each(|life| life.expired());
        let timer = self.place.site.process.in_thread_at(wanted, then);
        let old = self.timer.replace(Some((wanted, timer)));
        drop(old); // after the borrow
    }

    /// The timer has expired, perhaps before anything is due.
    fn expired(&self) {
        let timer = self.timer.take();
        drop(timer); // after the borrow
        let now = self.place.site.process.sim().now();
        if self.wanted().is_some_and(|at| at <= now) {
            self.handle(Input::Timeout);
        } else {
            self.schedule();
        }
    }
}
