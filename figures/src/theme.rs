//! Colours, dashes and sizes. A colour means one thing in every figure, and never stands alone: each has a dash or a pattern too.

/// Units of the viewBox for one pixel at the intended size: coordinates are integers, so figures are drawn larger.
pub(crate) const PX: i32 = 4;

/// Size of ordinary text, in viewBox units.
pub(crate) const TEXT: i32 = 13 * PX;

/// Size of column headings, in viewBox units.
pub(crate) const HEADING: i32 = 15 * PX;

/// Distance of two lines of text, in viewBox units.
pub(crate) const LEADING: i32 = 17 * PX;

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Customers who were served.
    Ok,
    /// Errors, refusals, time-outs.
    Failed,
    /// Customers who never got an answer.
    Unanswered,
    /// Time spent waiting.
    Latency,
    /// Pools, queues, calls in flight.
    Pool,
    /// Heap.
    Memory,
    /// Processor time.
    Cpu,
    /// Repeated work.
    Retries,
    /// Work that nobody waits for.
    Stale,
    /// Everything else.
    Other,
}

/// How a line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dash {
    /// Unbroken.
    Solid,
    /// Long strokes.
    Dashed,
    /// Points.
    Dotted,
    /// Strokes and points.
    Mixed,
}

impl Meaning {
    /// The meaning of a series by the last word of its key.
    pub(crate) fn of_series(key: &str) -> Self {
        match key.rsplit('/').next().unwrap_or(key) {
            "pool.used" | "pool.waiting" | "calls.pending" | "calls.served" | "streams.waiting" | "loop.queue"
            | "work.queue" | "link.queue" => Self::Pool,
            "heap.bytes" => Self::Memory,
            "cpu" => Self::Cpu,
            "loop.lag" => Self::Latency,
            "retries" | "attempts" | "hedges" | "reloads" | "retransmits" => Self::Retries,
            "stale.completions" => Self::Stale,
            "retries.suppressed" | "shed" | "breaker.refused" | "pool.timeouts" | "segments.lost" | "restarts"
            | "sessions.flooded" => Self::Failed,
            _ => Self::Other,
        }
    }

    /// Red, green, blue: Okabe and Ito's palette; black stands for the ink of the page.
    pub(crate) const fn rgb(self) -> (u8, u8, u8) {
        match self {
            Self::Ok => (0x00, 0x9E, 0x73),
            Self::Failed => (0xD5, 0x5E, 0x00),
            Self::Latency => (0x56, 0xB4, 0xE9),
            Self::Pool => (0x00, 0x72, 0xB2),
            Self::Memory | Self::Stale => (0xCC, 0x79, 0xA7),
            Self::Retries => (0xE6, 0x9F, 0x00),
            Self::Unanswered | Self::Cpu | Self::Other => (0, 0, 0),
        }
    }

    /// The word in `class` attributes.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Unanswered => "unanswered",
            Self::Latency => "latency",
            Self::Pool => "pool",
            Self::Memory => "memory",
            Self::Cpu => "cpu",
            Self::Retries => "retries",
            Self::Stale => "stale",
            Self::Other => "other",
        }
    }

    /// Strength of a filled area of this meaning.
    pub(crate) const fn area_alpha(self) -> f64 {
        match self {
            Self::Unanswered => 0.78,
            Self::Failed => 1.0,
            Self::Latency => 0.35,
            _ => 0.5,
        }
    }

    /// The dash that a line of this meaning has if no other line of its panel has it.
    pub(crate) const fn dash(self) -> Dash {
        match self {
            Self::Retries => Dash::Dashed,
            Self::Stale => Dash::Dotted,
            _ => Dash::Solid,
        }
    }
}

impl Dash {
    /// From the calmest on.
    pub(crate) const ALL: [Self; 4] = [Self::Solid, Self::Dashed, Self::Dotted, Self::Mixed];

    /// Value of `stroke-dasharray` in viewBox units.
    pub(crate) const fn array(self) -> Option<&'static str> {
        match self {
            Self::Solid => None,
            Self::Dashed => Some("22 12"),
            Self::Dotted => Some("6 9"),
            Self::Mixed => Some("24 9 6 9"),
        }
    }
}
