//! A phase diagram: for each combination of two keys what a run is usually called, with one panel for each variant.

use gridlock_sim::report::VerdictKind;

use crate::canvas::{Canvas, Hold, Paint, Type, ink};
use crate::page::PLAIN;
use crate::sweep::{About, Axis, CENTRED, FOOT, GUTTER, HEAD, STRONG, WIDTH, fitted, foot, heading};
use crate::theme::{LEADING, Meaning, PX, TEXT};
use crate::{FigureError, text};

/// Least width of a cell that spells its verdict out.
const CELL: i32 = 98 * PX;
/// Widest label of a value at the left.
const LABEL_MAX: i32 = 130 * PX;
/// Height of the caption.
const CAPTION: i32 = 24 * PX;
/// Gap between panels above each other.
const GAP: i32 = 22 * PX;

/// A figure of a sweep over two keys.
#[derive(Clone, Debug)]
pub struct Phase<'a> {
    /// What it says of itself.
    pub about: About<'a>,
    /// The key along the foot.
    pub across: Axis<'a>,
    /// The key at the left.
    pub down: Axis<'a>,
    /// One for each variant.
    pub panels: Vec<PhasePanel<'a>>,
    /// What the lines in a cell say; one line below the panels.
    pub caption: &'a str,
}

/// A variant at every combination.
#[derive(Clone, Debug)]
pub struct PhasePanel<'a> {
    /// Name of the variant.
    pub variant: &'a str,
    /// Row by row, `down` times `across` cells; none where no run came to its end.
    pub cells: Vec<Option<Cell>>,
}

/// One combination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What most runs are called.
    pub verdict: VerdictKind,
    /// Their share of all runs, in thousandths.
    pub permille: u32,
    /// What else is worth knowing, e.g. `browse 12 %`; one line each, below the verdict.
    pub notes: Vec<String>,
}

/// Draws a phase diagram as a self-contained SVG document, in the light theme.
///
/// # Errors
/// If there is nothing to draw, or a panel has not as many cells as there are combinations.
pub fn render_phase(figure: &Phase) -> Result<String, FigureError> {
    let cells = figure.across.values.len() * figure.down.values.len();
    let fits = figure.panels.iter().all(|panel| panel.cells.len() == cells);
    if cells == 0 || figure.panels.is_empty() || !fits {
        let what = if fits { "panels" } else { "cell for each combination" };
        return Err(figure.about.lacks(what));
    }
    let grid = Grid::of(figure);
    let mut canvas = Canvas::default();
    for (index, panel) in figure.panels.iter().enumerate() {
        grid.panel(&mut canvas, figure, panel, index)?;
    }
    let bottom = grid.height(figure.panels.len());
    canvas.group(&[("class", "caption".to_owned())], None, |layer| {
        layer.text(&fitted(figure.caption, WIDTH), (0, bottom + CAPTION / 2), PLAIN)
    })?;
    Ok(figure.about.document(canvas, bottom + CAPTION))
}

/// Sizes that all panels share.
struct Grid {
    columns: usize,
    label: i32,
    cell: (i32, i32),
    down: i32,
}

impl Grid {
    fn of(figure: &Phase) -> Self {
        let across = figure.across.values.len() as i32;
        let widest = figure.down.values.iter().map(|value| text::width(value, TEXT)).max().unwrap_or(0);
        let label = widest.min(LABEL_MAX) + 8 * PX;
        let two = figure.panels.len() > 1 && 2 * (label + across * CELL) + GUTTER <= WIDTH;
        let columns = if two { 2 } else { 1 };
        let width = (WIDTH - (columns - 1) * GUTTER) / columns - label;
        let notes = figure.panels.iter().flat_map(|panel| panel.cells.iter().flatten().map(|cell| cell.notes.len()));
        let lines = 2 + notes.max().unwrap_or(0) as i32;
        let cell = ((width / across).min(2 * CELL), lines * LEADING + 8 * PX);
        Grid { columns: columns as usize, label, cell, down: figure.down.values.len() as i32 }
    }

    fn panel_height(&self) -> i32 {
        HEAD + self.down * self.cell.1 + FOOT
    }

    fn height(&self, panels: usize) -> i32 {
        panels.div_ceil(self.columns) as i32 * (self.panel_height() + GAP) - GAP
    }

    /// Left and upper edge of the cells of a panel.
    fn origin(&self, index: usize) -> (i32, i32) {
        let (row, column) = ((index / self.columns) as i32, (index % self.columns) as i32);
        let step = (WIDTH + GUTTER) / self.columns as i32;
        (column * step + self.label, row * (self.panel_height() + GAP) + HEAD)
    }

    fn panel(&self, canvas: &mut Canvas, figure: &Phase, panel: &PhasePanel, index: usize) -> Result<(), FigureError> {
        let (left, top) = self.origin(index);
        let across = figure.across.values.len();
        let right = left + across as i32 * self.cell.0;
        let bottom = top + self.down * self.cell.1;
        let room = right - left + self.label;
        canvas.open(&[("class", "panel".to_owned()), ("data-variant", panel.variant.to_owned())]);
        canvas.group(&[("class", "heading".to_owned())], None, |layer| {
            layer.text(&fitted(panel.variant, room), (left - self.label, heading(top - HEAD, 0)), STRONG)?;
            layer.text(&fitted(figure.down.key, room), (left - self.label, heading(top - HEAD, 1)), PLAIN)
        })?;
        canvas.group(&[("class", "axis".to_owned())], None, |layer| {
            let kind = Type { hold: Hold::End, ..PLAIN };
            let middle = |row: i32| top + row * self.cell.1 + self.cell.1 / 2;
            let mut rows = figure.down.values.iter().zip(0..);
            rows.try_for_each(|(value, row)| {
                layer.text(&fitted(value, self.label - 6 * PX), (left - 6 * PX, middle(row)), kind)
            })
        })?;
        for (n, cell) in panel.cells.iter().enumerate() {
            let at = (left + (n % across) as i32 * self.cell.0, top + (n / across) as i32 * self.cell.1);
            self.draw(canvas, cell.as_ref(), at)?;
        }
        foot(canvas, figure.across, (left, right, bottom), |column| {
            left + self.cell.0 * column as i32 + self.cell.0 / 2
        })?;
        canvas.close();
        Ok(())
    }

    /// A cell: the colour and the word of its verdict, stronger the more runs agree.
    fn draw(&self, canvas: &mut Canvas, cell: Option<&Cell>, (x, y): (i32, i32)) -> Result<(), FigureError> {
        let (width, height) = self.cell;
        let middle = x + width / 2;
        let from = (x + PX, y + PX);
        let to = (x + width - PX, y + height - PX);
        let Some(cell) = cell else {
            return canvas.group(&[("class", "absent".to_owned())], None, |layer| {
                layer.rect(from, to, ink(0.06))?;
                layer.text("no run", (middle, y + height / 2), CENTRED)
            });
        };
        let paint = Paint(colour(cell.verdict).rgb(), (20.0 + f64::from(cell.permille) / 20.0).round() / 100.0);
        let attributes = [("class", "cell".to_owned()), ("data-verdict", cell.verdict.text().to_owned())];
        canvas.group(&attributes, None, |layer| layer.rect(from, to, paint))?;
        let mut lines = vec![(cell.verdict.text().to_owned(), STRONG), (percent(cell.permille), PLAIN)];
        lines.extend(cell.notes.iter().map(|note| (note.clone(), PLAIN)));
        let first = y + height / 2 - (lines.len() as i32 - 1) * LEADING / 2;
        canvas.group(&[("class", "label".to_owned())], None, |layer| {
            for ((line, kind), n) in lines.iter().zip(0..) {
                let kind = Type { hold: Hold::Middle, alpha: 1.0, ..*kind };
                layer.text(&fitted(line, width - 6 * PX), (middle, first + n * LEADING), kind)?;
            }
            Ok(())
        })
    }
}

/// What a verdict has in common with: served, waiting, repeated and failed work.
const fn colour(verdict: VerdictKind) -> Meaning {
    match verdict {
        VerdictKind::Healthy => Meaning::Ok,
        VerdictKind::Absorbed => Meaning::Latency,
        VerdictKind::Degraded => Meaning::Retries,
        VerdictKind::Cascading => Meaning::Memory,
        VerdictKind::Metastable => Meaning::Failed,
    }
}

/// `all runs`, or per cent that are never 100 for less than all.
fn percent(permille: u32) -> String {
    match permille {
        1000.. => "all runs".to_owned(),
        _ => format!("{} % of runs", (permille / 10).max(1)),
    }
}
