//! Where everything goes, in viewBox units. Pure arithmetic over the plans and the headings.

use crate::faults::{self, Name};
use crate::plan::{Plan, STRIP, STRIP_GAP};
use crate::theme::{HEADING, LEADING, PX, TEXT};
use crate::{Column, text};

/// Space left of the first column, for tick labels.
const LEFT: i32 = 58 * PX;
/// Space between columns.
pub(crate) const GUTTER: i32 = 20 * PX;
/// Space between rows, for the heading of the next one.
const ROW_GAP: i32 = 40 * PX;
/// Space between the heading of a row and its panels.
const ROW_TITLE: i32 = 15 * PX;
/// Space below the last row, for the time axis.
const AXIS: i32 = 30 * PX;
/// Width of the sample before a label, with its distances.
pub(crate) const SWATCH: i32 = 32 * PX;
/// Widest label text before it is broken.
const LABEL_MAX: i32 = 112 * PX;

/// The page of one figure.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Width and height of the viewBox.
    pub size: (i32, i32),
    /// Left and right edge of the data rectangles of each column.
    pub columns: Vec<(i32, i32)>,
    /// Headings of the columns: lines of title and note.
    pub headings: Vec<Heading>,
    /// Names of faults in each column.
    pub fault_names: Vec<Vec<Name>>,
    /// Middle of the first line of fault names.
    pub faults_y: i32,
    /// Upper edge of the shades.
    windows_y: i32,
    /// Rows from top to bottom.
    pub rows: Vec<RowBox>,
    /// Room for the text of a label.
    pub label_room: i32,
    /// The time at the right edge of every panel, in microseconds.
    pub duration_us: u64,
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

impl Layout {
    /// Places plans and columns on a page.
    pub(crate) fn of(plans: &[Plan], columns: &[Column], duration_us: u64) -> Self {
        let width = page_width(columns.len());
        let label_room = label_room(plans);
        let spans = column_spans(width - SWATCH - label_room - 5 * PX, columns.len());
        let headings: Vec<Heading> = columns.iter().zip(&spans).map(|(c, s)| Heading::of(c, s.1 - s.0)).collect();
        let lines = headings.iter().map(|h| h.title.len() + h.note.len()).max().unwrap_or(0) as i32;
        let head = lines * LEADING;
        let faults_y = 6 * PX + head + 16 * PX;
        let fault_names = faults::names(columns, &spans, duration_us);
        let windows_y = faults_y + faults::lanes(&fault_names) * LEADING - 6 * PX;
        let rows = row_boxes(plans, windows_y + 18 * PX);
        let bottom = rows.last().map_or(faults_y, |r| r.bottom);
        let size = (width, bottom + AXIS);
        Self { size, columns: spans, headings, fault_names, faults_y, windows_y, rows, label_room, duration_us }
    }

    /// Where a moment lies in a column.
    pub(crate) fn x(&self, column: usize, at_us: u64) -> i32 {
        x_in(self.columns[column], self.duration_us, at_us)
    }

    /// Upper and lower edge of the shades of faults.
    pub(crate) fn fault_span(&self) -> (i32, i32) {
        (self.windows_y, self.rows.last().map_or(self.windows_y, |r| r.bottom))
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
        Self { title: text::wrap(column.title, HEADING + HEADING / 16, room, 2), note }
    }
}

/// 740 pixels for one or two columns, more beyond.
fn page_width(columns: usize) -> i32 {
    let pixels = match columns {
        0..=2 => 740,
        3 => 860,
        n => 960 + (n as i32 - 4) * 200,
    };
    pixels * PX
}

/// Room for the widest label, within bounds.
fn label_room(plans: &[Plan]) -> i32 {
    let widest = plans.iter().flat_map(|p| &p.labels).map(|l| text::width(&l.text, TEXT)).max().unwrap_or(0);
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
