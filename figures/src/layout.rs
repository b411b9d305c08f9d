//! Where everything goes, in viewBox units. Pure arithmetic over the plans and the headings.

use crate::faults::{self, Told};
use crate::plan::{Plan, STRIP, STRIP_GAP};
use crate::theme::{HEADING, LEADING, PX, TEXT};
use crate::{Column, text};

/// Space left of the first column, for tick labels.
pub(crate) const LEFT: i32 = 58 * PX;
/// Space between columns.
const GUTTER: i32 = 18 * PX;
/// Space between rows, for the heading of the next one.
const ROW_GAP: i32 = 36 * PX;
/// Space between the heading of a row and its panels.
const ROW_TITLE: i32 = 15 * PX;
/// Space below the last row, for the time axis.
const AXIS: i32 = 30 * PX;
/// Width of the sample before a label, with its distances.
pub(crate) const SWATCH: i32 = 32 * PX;
/// Widest label text before it is broken.
const LABEL_MAX: i32 = 110 * PX;

/// Width of every figure: the column of a book, and less than that of a README.
pub(crate) const WIDTH: i32 = 740 * PX;
/// Columns side by side at most; more are wrapped into bands, one below the other.
const COLUMNS_MAX: usize = 4;
/// Space above the first heading.
const TOP: i32 = 6 * PX;
/// Space between two bands.
pub(crate) const BAND_GAP: i32 = 22 * PX;

/// One band of columns: all rows for some of the variants.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Left and right edge of the data rectangles of each column.
    pub columns: Vec<(i32, i32)>,
    /// Headings of the columns: lines of title and note.
    pub headings: Vec<Heading>,
    /// Middle of the first line of the headings.
    pub headings_y: i32,
    /// What goes wrong, in words.
    pub faults: Vec<Told>,
    /// Middle of the first line of those words.
    pub faults_y: i32,
    /// Rows from top to bottom.
    pub rows: Vec<RowBox>,
    /// Room for the text of a label.
    pub label_room: i32,
    /// The time at the right edge of every panel, in microseconds.
    pub duration_us: u64,
    /// Lower edge of the band, time axis included.
    pub bottom: i32,
}

/// How many columns stand side by side: as few bands as possible, of about the same width.
pub(crate) fn columns_in_band(count: usize) -> usize {
    count.div_ceil(count.div_ceil(COLUMNS_MAX).max(1)).max(1)
}

/// Heading of a column, broken into lines.
#[derive(Debug)]
pub(crate) struct Heading {
    /// Title.
    pub title: Vec<String>,
    /// Note.
    pub note: Vec<String>,
}

/// Heights of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowBox {
    /// Middle of the heading.
    pub title_y: i32,
    /// Upper edge of the strip, if there is one.
    pub strip_top: Option<i32>,
    /// Upper edge of the data rectangles.
    pub top: i32,
    /// Lower edge.
    pub bottom: i32,
}

/// What the bands of a figure have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Columns of the widest band.
    pub per_band: usize,
    /// Room for the text of labels.
    pub label_room: i32,
    /// The time at the right edge of every panel, in microseconds.
    pub duration_us: u64,
}

impl Layout {
    /// Places plans and columns of one band, from `top` on.
    pub(crate) fn of(plans: &[Plan], columns: &[Column], frame: Frame, top: i32) -> Self {
        let Frame { per_band, label_room, duration_us } = frame;
        let right = WIDTH - 10 * PX - if label_room > 0 { SWATCH + label_room } else { 0 };
        let mut spans = column_spans(right, per_band);
        spans.truncate(columns.len());
        let headings: Vec<Heading> = columns.iter().zip(&spans).map(|(c, s)| Heading::of(c, s.1 - s.0)).collect();
        let lines = headings.iter().map(|h| h.title.len() + h.note.len()).max().unwrap_or(0) as i32;
        let headings_y = top + TOP + LEADING / 2;
        let faults_y = headings_y + lines * LEADING + 3 * PX;
        let faults = faults::told(columns, &spans);
        let rows = row_boxes(plans, faults_y + faults::lines(&faults) * LEADING + 6 * PX);
        let bottom = rows.last().map_or(faults_y, |r| r.bottom) + AXIS;
        Self { columns: spans, headings, headings_y, faults, faults_y, rows, label_room, duration_us, bottom }
    }

    /// Where a moment lies in a column.
    pub(crate) fn x(&self, column: usize, at_us: u64) -> i32 {
        x_in(self.columns[column], self.duration_us, at_us)
    }
}

/// Where a moment lies between two edges.
pub(crate) fn x_in((left, right): (i32, i32), duration_us: u64, at_us: u64) -> i32 {
    let share = at_us.min(duration_us) as f64 / duration_us.max(1) as f64;
    left + (f64::from(right - left) * share).round() as i32
}

impl Heading {
    fn of(column: &Column, room: i32) -> Self {
        let note = if column.note.is_empty() { Vec::new() } else { text::wrap(column.note, TEXT, room, 3) };
        // A word wider than the column may be broken at a hyphen, so four lines hold any name.
        Self { title: text::wrap(column.title, HEADING + HEADING / 16, room, 4), note }
    }
}

/// Room for the widest label, within bounds; none if nothing needs a name.
pub(crate) fn label_room<'a>(plans: impl Iterator<Item = &'a Plan>) -> i32 {
    let widest = plans.flat_map(|p| &p.labels).map(|l| text::width(&l.text, TEXT)).max().unwrap_or(0);
    widest.min(LABEL_MAX)
}

fn column_spans(right: i32, count: usize) -> Vec<(i32, i32)> {
    let count = count as i32;
    let width = (right - LEFT - (count - 1) * GUTTER) / count;
    (0..count).map(|i| LEFT + i * (width + GUTTER)).map(|x| (x, x + width)).collect()
}

fn row_boxes(plans: &[Plan], first_title_y: i32) -> Vec<RowBox> {
    let mut title_y = first_title_y;
    let mut rows = Vec::with_capacity(plans.len());
    for plan in plans {
        let strip_top = plan.strip.then_some(title_y + ROW_TITLE);
        let top = strip_top.map_or(title_y + ROW_TITLE, |y| y + STRIP + STRIP_GAP);
        let bottom = top + plan.height;
        rows.push(RowBox { title_y, strip_top, top, bottom });
        title_y = bottom + ROW_GAP - ROW_TITLE;
    }
    rows
}
