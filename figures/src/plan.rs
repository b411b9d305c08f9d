//! A row worked out: its scale, and for each column the marks in data coordinates. Rows make plans, panels draw them.

use crate::samples::{Place, Sample};
use crate::scale::Scale;
use crate::theme::{Dash, Meaning, PX};

/// A row, ready to be drawn in any size.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Key of the row in `data-row`.
    pub slug: String,
    /// Heading.
    pub title: String,
    /// Domain of all panels.
    pub scale: Scale,
    /// Word for the unit of `data-ymin` and `data-ymax`.
    pub unit: &'static str,
    /// Height of the data rectangle, in viewBox units.
    pub height: i32,
    /// Whether a strip of shares stands above the data rectangle.
    pub strip: bool,
    /// How many lanes take the place of a scale.
    pub lanes: Option<usize>,
    /// A ruled limit.
    pub rule: Option<f64>,
    /// Marks of each column from back to front; nothing where the design has no such thing.
    pub cells: Vec<Option<Vec<Mark>>>,
    /// Names of the marks, right of the last column.
    pub labels: Vec<Label>,
}

/// Something drawn in a panel.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    /// An area between two lines over the same moments.
    Area {
        /// What it stands for.
        meaning: Meaning,
        /// Lower edge.
        lower: Vec<Place>,
        /// Upper edge.
        upper: Vec<Place>,
    },
    /// A line.
    Line {
        /// What it stands for.
        meaning: Meaning,
        /// How it is broken.
        dash: Dash,
        /// Its places.
        points: Vec<Place>,
        /// Width and strength.
        weight: Weight,
    },
    /// Shares of everything (0 to 1), in the strip.
    Shares(Vec<Sample>),
    /// One of several areas of a kind that lie upon each other, with its name where it is thickest.
    Layer {
        /// Which of them.
        nth: usize,
        /// Its name; may be empty.
        name: String,
        /// Lower edge.
        lower: Vec<Place>,
        /// Upper edge.
        upper: Vec<Place>,
    },
    /// Who holds what, in lanes.
    Lanes(Vec<Lane>),
    /// Moments, in microseconds, ruled across all lanes.
    Moments(Vec<u64>),
}

/// A span of time in a lane.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lane {
    /// From the top, from 0 on.
    pub lane: usize,
    /// Beginning, in microseconds.
    pub from_us: u64,
    /// End, in microseconds.
    pub until_us: u64,
    /// The number of who holds it, from 1 on; hatched if nobody does.
    pub holder: Option<u64>,
    /// How much of the lane's height is filled (0 to 1).
    pub share: f64,
}

/// Width and strength of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// What the panel is about.
    Main,
    /// The edge of something.
    Edge,
    /// Another seed.
    Faint,
}

impl Weight {
    /// Stroke width in viewBox units.
    pub(crate) const fn width(self) -> u32 {
        match self {
            Self::Main => 7,
            Self::Edge => 4,
            Self::Faint => 2,
        }
    }

    /// Opacity.
    pub(crate) const fn alpha(self) -> f64 {
        match self {
            Self::Main => 1.0,
            Self::Edge => 0.9,
            Self::Faint => 0.4,
        }
    }
}

/// Name of a mark, with a sample of it.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    /// The words.
    pub text: String,
    /// The height it belongs to.
    pub at: Height,
    /// What it stands for; nothing for a rule.
    pub meaning: Option<Meaning>,
    /// Dash of the line; nothing for areas.
    pub dash: Option<Dash>,
}

/// A height in a panel.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Height {
    /// Of a value.
    Value(f64),
    /// Of the strip.
    Strip,
    /// Of a value, for words without a sample.
    Beside(f64),
}

/// Height of the strip, in viewBox units.
pub(crate) const STRIP: i32 = 16 * PX;

/// Distance between the strip and the data rectangle, in viewBox units.
pub(crate) const STRIP_GAP: i32 = 5 * PX;
