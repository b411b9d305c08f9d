//! Colours, dashes and sizes. A colour means one thing in every figure, and never stands alone: each has a dash or a pattern too.
//! Figures are drawn in the light theme; the dark one is the same drawing with each colour exchanged for its partner.

/// Units of the viewBox for one pixel at the intended size: coordinates are integers, so figures are drawn larger.
pub(crate) const PX: i32 = 4;

/// Size of ordinary text, in viewBox units.
pub(crate) const TEXT: i32 = 13 * PX;

/// Size of numbers inside of marks, in viewBox units: the smallest text there is.
pub(crate) const NUMBER: i32 = 12 * PX;

/// Size of column headings, in viewBox units.
pub(crate) const HEADING: i32 = 15 * PX;

/// Distance of two lines of text, in viewBox units.
pub(crate) const LEADING: i32 = 17 * PX;

/// Red, green, blue.
pub(crate) type Rgb = (u8, u8, u8);

/// The page of the light theme.
pub(crate) const PAGE: Rgb = (0xFF, 0xFF, 0xFF);

/// The ink of the light theme. Marks and texts in ink are written as `currentColor`.
pub(crate) const INK: Rgb = (0x1F, 0x23, 0x28);

/// Okabe and Ito's palette without black, in the order in which things without a meaning of their own (members of a group, brokers) take
/// their colours; and a grey for the eighth.
pub(crate) const PALETTE: [Rgb; 8] = [
    (0x00, 0x72, 0xB2),
    (0xE6, 0x9F, 0x00),
    (0x00, 0x9E, 0x73),
    (0xCC, 0x79, 0xA7),
    (0x56, 0xB4, 0xE9),
    (0xD5, 0x5E, 0x00),
    (0xF0, 0xE4, 0x42),
    (0x99, 0x99, 0x99),
];

/// Each colour of the light theme with its partner in the dark one: the same hue, lighter where it would drown, so that a colour keeps
/// its name.
pub(crate) const PARTNERS: [(Rgb, Rgb); 10] = [
    (PAGE, (0x0D, 0x11, 0x17)),
    (INK, (0xE6, 0xED, 0xF3)),
    (PALETTE[0], (0x4A, 0x9B, 0xE0)),
    (PALETTE[1], (0xF0, 0xAE, 0x2B)),
    (PALETTE[2], (0x2D, 0xB8, 0x8A)),
    (PALETTE[3], (0xE0, 0x93, 0xBE)),
    (PALETTE[4], (0x7A, 0xCB, 0xF5)),
    (PALETTE[5], (0xF0, 0x80, 0x33)),
    (PALETTE[6], (0xF5, 0xEC, 0x70)),
    (PALETTE[7], (0xA6, 0xA6, 0xA6)),
];

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
            | "work.queue" | "link.queue" | "lag" | "lag.total" => Self::Pool,
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

    /// Its colour of the light theme; black stands for the ink of the page.
    pub(crate) const fn rgb(self) -> Rgb {
        match self {
            Self::Ok => PALETTE[2],
            Self::Failed => PALETTE[5],
            Self::Latency => PALETTE[4],
            Self::Pool => PALETTE[0],
            Self::Memory | Self::Stale => PALETTE[3],
            Self::Retries => PALETTE[1],
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

/// A colour as SVG and CSS write it, e.g. `#009E73`.
pub(crate) fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02X}{g:02X}{b:02X}")
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
