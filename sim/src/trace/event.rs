//! Everything observable, as one type.

use super::Name;
use crate::engine::SimDuration;

/// How a call or a request ended. The first seventeen are the gRPC status codes with their numbers (MODEL-REFERENCE.md A5).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are gRPC's own")]
pub enum Code {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

impl Code {
    /// The name as gRPC writes it, e.g. `DEADLINE_EXCEEDED`.
    pub const fn text(self) -> &'static str {
        match self {
            Code::Ok => "OK",
            Code::Cancelled => "CANCELLED",
            Code::Unknown => "UNKNOWN",
            Code::InvalidArgument => "INVALID_ARGUMENT",
            Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Code::NotFound => "NOT_FOUND",
            Code::AlreadyExists => "ALREADY_EXISTS",
            Code::PermissionDenied => "PERMISSION_DENIED",
            Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Code::FailedPrecondition => "FAILED_PRECONDITION",
            Code::Aborted => "ABORTED",
            Code::OutOfRange => "OUT_OF_RANGE",
            Code::Unimplemented => "UNIMPLEMENTED",
            Code::Internal => "INTERNAL",
            Code::Unavailable => "UNAVAILABLE",
            Code::DataLoss => "DATA_LOSS",
            Code::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

/// Declares a field-less enum with a stable text for each value.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// The stable text of this value.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

words! {
    /// What a gauge measures.
    Gauge {
        /// Units of a bounded pool in use.
        PoolUsed = "pool.used",
        /// Requests that wait for a unit of a pool.
        PoolWaiting = "pool.waiting",
        /// Bytes of heap held.
        HeapBytes = "heap.bytes",
        /// Calls a client awaits.
        CallsPending = "calls.pending",
        /// Calls a server works on.
        CallsServed = "calls.served",
        /// Calls that wait in the client for a connection.
        ConnectionWaiting = "connection.waiting",
        /// Calls that wait in the client for a stream.
        StreamsWaiting = "streams.waiting",
        /// Callbacks that wait for the event loop.
        LoopQueue = "loop.queue",
        /// Open TCP connections.
        Connections = "connections",
        /// Jobs that wait for a worker.
        WorkQueue = "work.queue",
        /// Bytes that wait in a link's send queue.
        LinkQueue = "link.queue",
        /// State of a circuit breaker: 0 closed, 1 half open, 2 open.
        Breaker = "breaker",
        /// State of a channel: 0 idle, 1 connecting, 2 ready, 3 transient failure, 4 shut down.
        Channel = "channel",
        /// Records of a partition that a group has not committed yet; of `<group>.<topic>-<n>`.
        Lag = "lag",
        /// The offset behind the last record of a partition's leader.
        LogEnd = "log.end",
        /// The offset behind the last record of a partition that is committed, as its leader knows.
        HighWatermark = "high.watermark",
        /// The number of the node that leads a partition, 0 while none does.
        Leader = "leader",
        /// Replicas of a partition in sync with its leader, the leader included.
        Isr = "isr",
        /// How many leaders a partition has had.
        LeaderEpoch = "leader.epoch",
        /// Generation of a group.
        Generation = "generation",
        /// State of a group: 0 empty, 1 preparing a rebalance, 2 completing it, 3 stable, 4 dead.
        GroupState = "group.state",
        /// Members of a group.
        Members = "members",
        /// Of a member: the partitions it owns. Of `<group>.<topic>-<n>`: its owner, as place in the sorted list of member ids from
        /// 1 on, 0 without owner.
        Assigned = "assigned",
        /// The offset that a group will read next; of `<group>.<topic>-<n>`.
        Committed = "committed.offset",
    }
}

impl Gauge {
    /// Whether the value remains true when the process has died after which the gauge is named: it belongs to the kernel, the network,
    /// or a cluster.
    pub const fn outlives_process(self) -> bool {
        use Gauge as G;
        match self {
            G::Connections | G::LinkQueue => true,
            G::Lag | G::LogEnd | G::HighWatermark | G::Leader | G::Isr | G::LeaderEpoch => true,
            G::Generation | G::GroupState | G::Members | G::Committed => true,
            G::PoolUsed | G::PoolWaiting | G::HeapBytes | G::CallsPending | G::CallsServed => false,
            G::ConnectionWaiting | G::StreamsWaiting | G::LoopQueue | G::WorkQueue | G::Breaker | G::Channel => false,
            G::Assigned => false, // of a member
        }
    }
}

words! {
    /// What happened to a connection.
    ConnChange {
        /// The handshake is complete.
        Opened = "opened",
        /// The peer's host answered the SYN with RST.
        Refused = "refused",
        /// Nobody answered: SYN retries, retransmissions or keepalive probes are used up.
        TimedOut = "timed-out",
        /// The peer sent RST.
        Reset = "reset",
        /// Closed in order.
        Closed = "closed",
    }
}

words! {
    /// Why a process ended.
    Exit {
        /// The heap limit was reached: SIGABRT, exit code 134 (MODEL-REFERENCE.md A8).
        OutOfMemory = "out-of-memory",
        /// It was killed or crashed (a fault).
        Crashed = "crashed",
        /// Its host vanished (a fault).
        HostLost = "host-lost",
        /// It was asked to stop.
        Stopped = "stopped",
    }
}

words! {
    /// Things worth counting that have no state of their own.
    Mark {
        /// A call was sent again by a retry policy or a retry loop.
        Retry = "retries",
        /// A retry was wanted and not allowed by a throttle or budget.
        RetrySuppressed = "retries.suppressed",
        /// A hedged copy of a call was sent.
        Hedge = "hedges",
        /// A call or request was refused by load shedding or a concurrency limit.
        Shed = "shed",
        /// A call failed at once because the circuit was open.
        BreakerRefused = "breaker.refused",
        /// An attempt of a call was kept back by adaptive throttling.
        Throttled = "throttled",
        /// A call failed because a bulkhead or pool had no room, or none in time.
        PoolTimeout = "pool.timeouts",
        /// A TCP segment was sent again.
        Retransmit = "retransmits",
        /// A segment was lost on a link.
        Lost = "segments.lost",
        /// Work was finished that nobody waited for any more: the server knew (counted at the server), or its answer reached a
        /// client that had given up (counted at the channel).
        Stale = "stale.completions",
        /// An attempt of a call was sent to a server.
        Attempt = "attempts",
        /// An HTTP/2 session was closed by the stream-reset guard.
        ResetFlood = "sessions.flooded",
    }
}

/// One observable fact. Emitted in one place, at the time it becomes true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are explained by their event")]
pub enum Event {
    /// A customer arrives and wants something.
    Arrived { class: Name, customer: u64 },
    /// The customer presses the button: a request is sent. `press` is 1 for the first.
    Pressed { class: Name, customer: u64, press: u64 },
    /// The customer has what they came for, `waited` after arriving.
    Served { class: Name, customer: u64, waited: SimDuration },
    /// The customer got an error and leaves.
    Failed { class: Name, customer: u64, code: Code, waited: SimDuration },
    /// The customer's patience has ended; no answer came.
    Abandoned { class: Name, customer: u64, waited: SimDuration },
    /// A business fact of the modelled world about one item, e.g. an order was placed, reserved or confirmed.
    Fact { what: Name, key: u64, amount: u64 },
    /// A call ended, seen by its client, `took` after it began.
    CallEnded { channel: Name, code: Code, took: SimDuration },
    /// A handler ended, seen by its server; `stale` when its client had gone before.
    Handled { server: Name, code: Code, took: SimDuration, stale: bool },
    /// The event loop (or a worker) ran `busy` of work that had waited `waited`; `gc` of it went to the collector.
    Ran { process: Name, busy: SimDuration, waited: SimDuration, gc: SimDuration },
    /// A process is up.
    Started { process: Name, restarts: u64 },
    /// A process is gone.
    Exited { process: Name, why: Exit },
    /// A connection changed.
    Connection { from: Name, to: Name, change: ConnChange },
    /// A gauge of `of` has a new value.
    Gauged { of: Name, gauge: Gauge, value: u64 },
    /// Something countable happened at `at`.
    Marked { at: Name, mark: Mark },
    /// A fault begins or ends.
    Fault { fault: Name, active: bool },
}

/// One field of an event, for writing it down.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// A name to look up.
    Name(Name),
    /// A whole number.
    Int(u64),
    /// A constant word.
    Word(&'static str),
}

/// Is told an event: its kind, then its fields in order.
pub trait Listener {
    /// What kind of event, in `snake_case`.
    fn kind(&mut self, kind: &'static str);

    /// The next field.
    fn field(&mut self, key: &'static str, value: Value);
}

/// An event as a kind and up to four fields.
#[derive(Default)]
pub struct Fields {
    /// What kind of event, in `snake_case`.
    pub kind: &'static str,
    /// Names and values in order.
    pub fields: [Option<(&'static str, Value)>; 4],
}

impl Listener for Fields {
    fn kind(&mut self, kind: &'static str) {
        self.kind = kind;
    }

    fn field(&mut self, key: &'static str, value: Value) {
        let free = self.fields.iter_mut().find(|field| field.is_none());
        *free.expect("an event has four fields at most") = Some((key, value));
    }
}

/// Tells a kind and its fields.
macro_rules! tell {
    ($to:ident, $kind:literal $(, $key:literal: $value:expr)*) => {{
        $to.kind($kind);
        $($to.field($key, $value);)*
    }};
}

impl Event {
    /// The event taken apart. Spans are nanoseconds.
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        self.tell(&mut fields);
        fields
    }

    /// Takes the event apart, part by part: the single form behind the digest and the JSON lines. Spans are nanoseconds.
    #[inline]
    pub fn tell(&self, to: &mut impl Listener) {
        use Value::{Int, Name, Word};
        match *self {
            Event::Arrived { class, customer } => {
                tell!(to, "arrived", "class": Name(class), "customer": Int(customer));
            }
            Event::Pressed { class, customer, press } => {
                tell!(to, "pressed", "class": Name(class), "customer": Int(customer), "press": Int(press));
            }
            Event::Served { class, customer, waited } => {
                tell!(to, "served", "class": Name(class), "customer": Int(customer), "waited": Int(waited.as_nanos()));
            }
            Event::Failed { class, customer, code, waited } => {
                tell!(to, "failed", "class": Name(class), "customer": Int(customer), "code": Word(code.text()),
                    "waited": Int(waited.as_nanos()));
            }
            Event::Abandoned { class, customer, waited } => {
                tell!(to, "abandoned", "class": Name(class), "customer": Int(customer),
                    "waited": Int(waited.as_nanos()));
            }
            Event::Fact { what, key, amount } => {
                tell!(to, "fact", "what": Name(what), "key": Int(key), "amount": Int(amount));
            }
            Event::CallEnded { channel, code, took } => {
                tell!(to, "call_ended", "channel": Name(channel), "code": Word(code.text()),
                    "took": Int(took.as_nanos()));
            }
            Event::Handled { server, code, took, stale } => {
                tell!(to, "handled", "server": Name(server), "code": Word(code.text()), "took": Int(took.as_nanos()),
                    "stale": Int(stale.into()));
            }
            Event::Ran { process, busy, waited, gc } => {
                tell!(to, "ran", "process": Name(process), "busy": Int(busy.as_nanos()),
                    "waited": Int(waited.as_nanos()), "gc": Int(gc.as_nanos()));
            }
            Event::Started { process, restarts } => {
                tell!(to, "started", "process": Name(process), "restarts": Int(restarts));
            }
            Event::Exited { process, why } => tell!(to, "exited", "process": Name(process), "why": Word(why.text())),
            Event::Connection { from, to: peer, change } => {
                tell!(to, "connection", "from": Name(from), "to": Name(peer), "change": Word(change.text()));
            }
            Event::Gauged { of, gauge, value } => {
                tell!(to, "gauged", "of": Name(of), "gauge": Word(gauge.text()), "value": Int(value));
            }
            Event::Marked { at, mark } => tell!(to, "marked", "at": Name(at), "mark": Word(mark.text())),
            Event::Fault { fault, active } => {
                tell!(to, "fault", "fault": Name(fault), "active": Int(active.into()));
            }
        }
    }
}
