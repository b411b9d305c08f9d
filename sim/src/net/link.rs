//! A directed link: when does what is sent now arrive, if ever.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dist::Dist;
use crate::engine::{Actor, Sim, SimDuration, SimTime, Stream};
use crate::trace::{Gauge, Mark, Name, Trace};
use crate::units::Bytes;

/// Certainty in parts per million.
const ALWAYS_PPM: u32 = 1_000_000;
/// IPv4 and TCP headers without options: the size of a pure ACK, and what each message weighs on top of its bytes.
pub(super) const HEADERS: u64 = 40;
/// One way through the loopback device: a few microseconds of kernel work each side. Ours; only its smallness matters.
const LOOPBACK_LATENCY: SimDuration = SimDuration::from_micros(15);

/// What a directed link is like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkSpec {
    /// Time from the last byte leaving to its arrival, one way.
    pub latency: Dist,
    /// Bytes per second; unlimited if absent.
    pub bandwidth: Option<Bytes>,
    /// Bound of the send queue; what does not fit is dropped (tail drop). Matters only with a bandwidth.
    pub queue: Bytes,
    /// Lost segments in a million.
    pub loss_ppm: u32,
}

impl Default for LinkSpec {
    /// One data centre: a round trip of half a millisecond, a network that is never the bottleneck and loses nothing, so that
    /// whatever goes wrong in a default world was asked for. 1 MiB of queue is about a switch port's share of buffer.
    fn default() -> Self {
        Self {
            latency: Dist::Constant(SimDuration::from_micros(250)),
            bandwidth: None,
            queue: Bytes(1 << 20),
            loss_ppm: 0,
        }
    }
}

impl LinkSpec {
    /// How a host reaches itself: fast, without loss.
    pub(super) fn loopback() -> Self {
        Self { latency: Dist::Constant(LOOPBACK_LATENCY), ..Self::default() }
    }
}

/// The state of a directed link. Its random streams are its own: they depend on the names of its ends alone.
pub(super) struct Link {
    pub(super) name: Name,
    sim: Sim,
    trace: Trace,
    spec: RefCell<LinkSpec>,
    latency: RefCell<Stream>,
    loss: RefCell<Stream>,
    cut: Cell<bool>,
    extra_loss_ppm: Cell<u32>,
    extra_delay: Cell<SimDuration>,
    /// When the last byte of the send queue will have left.
    free_at: Cell<SimTime>,
    /// An event that reports the emptying queue is on its way.
    draining: Cell<bool>,
    myself: Weak<Link>,
}

impl Link {
    pub(super) fn new(sim: &Sim, trace: &Trace, from: &str, to: &str, spec: LinkSpec) -> Rc<Self> {
        Rc::new_cyclic(|myself| Self {
            name: trace.name(&format!("{from}->{to}")),
            sim: sim.clone(),
            trace: trace.clone(),
            spec: RefCell::new(spec),
            latency: RefCell::new(sim.stream(&format!("net/{from}->{to}/latency"))),
            loss: RefCell::new(sim.stream(&format!("net/{from}->{to}/loss"))),
            cut: Cell::new(false),
            extra_loss_ppm: Cell::new(0),
            extra_delay: Cell::new(SimDuration::ZERO),
            free_at: Cell::new(SimTime::ZERO),
            draining: Cell::new(false),
            myself: myself.clone(),
        })
    }

    pub(super) fn set_spec(&self, spec: LinkSpec) {
        *self.spec.borrow_mut() = spec;
    }

    pub(super) fn set_cut(&self, cut: bool) {
        self.cut.set(cut);
    }

    pub(super) fn set_extra_loss(&self, ppm: u32) {
        self.extra_loss_ppm.set(ppm);
    }

    pub(super) fn set_extra_delay(&self, delay: SimDuration) {
        self.extra_delay.set(delay);
    }

    /// Sends `size` bytes now: when they arrive, or nothing if they are lost. The fate is sealed here.
    pub(super) fn carry(&self, size: u64) -> Option<SimTime> {
        let spec = self.spec.borrow();
        if self.cut.get() || self.loses(spec.loss_ppm) {
            return self.lost();
        }
        let departure = match spec.bandwidth {
            None => self.sim.now(),
            Some(rate) => match self.enqueue(size, rate.0.max(1), spec.queue.0) {
                Some(departure) => departure,
                None => return self.lost(),
            },
        };
        let latency = spec.latency.sample(&mut self.latency.borrow_mut());
        Some(departure + latency + self.extra_delay.get())
    }

    fn loses(&self, loss_ppm: u32) -> bool {
        let ppm = loss_ppm.saturating_add(self.extra_loss_ppm.get()).min(ALWAYS_PPM);
        self.loss.borrow_mut().chance(ppm.into())
    }

    fn lost(&self) -> Option<SimTime> {
        self.trace.mark(self.name, Mark::Lost);
        None
    }

    /// Puts a segment into the send queue: when its last byte will have left, or nothing if there is no room. A segment always
    /// finds room in an empty queue, however large it is.
    fn enqueue(&self, size: u64, rate: u64, bound: u64) -> Option<SimTime> {
        let now = self.sim.now();
        let backlog = self.backlog(rate);
        if backlog > 0 && backlog.saturating_add(size) > bound {
            return None;
        }
        let departure = self.free_at.get().max(now) + span_of(size, rate);
        self.free_at.set(departure);
        if backlog > 0 {
            self.trace.gauge(self.name, Gauge::LinkQueue, backlog + size);
            self.watch_drain();
        }
        Some(departure)
    }

    /// Bytes accepted that have not left yet.
    fn backlog(&self, rate: u64) -> u64 {
        let busy = self.free_at.get().since(self.sim.now()).as_nanos();
        bounded((u128::from(busy) * u128::from(rate)).div_ceil(NANOS_A_SECOND))
    }

    /// Makes sure that the gauge comes back to zero when the queue is empty.
    fn watch_drain(&self) {
        if let (false, Some(myself)) = (self.draining.replace(true), self.myself.upgrade()) {
            self.sim.fire_at(self.free_at.get(), myself, 0);
        }
    }
}

impl Actor for Link {
    /// The queue may be empty now.
    fn fire(self: Rc<Self>, _: u64) {
        self.draining.set(false);
        match self.free_at.get() > self.sim.now() {
            true => self.watch_drain(),
            false => self.trace.gauge(self.name, Gauge::LinkQueue, 0),
        }
    }
}

const NANOS_A_SECOND: u128 = 1_000_000_000;

fn span_of(size: u64, rate: u64) -> SimDuration {
    SimDuration::from_nanos(bounded((u128::from(size) * NANOS_A_SECOND).div_ceil(u128::from(rate))))
}

fn bounded(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
