//! Names of marks right of the last column, each with a sample; moved apart where they would touch.

use crate::canvas::{Canvas, Hold, Paint, Type, ink};
use crate::layout::{Layout, RowBox, SWATCH};
use crate::plan::{Height, Label, Plan, STRIP, Weight};
use crate::theme::{Dash, Meaning, PX, TEXT};
use crate::{FigureError, svg, text};

/// Distance of the lines of labels.
const LINE: i32 = 15 * PX;

/// A label and where it goes.
struct Placed<'a> {
    label: &'a Label,
    lines: Vec<String>,
    top: i32,
}

impl Placed<'_> {
    fn height(&self) -> i32 {
        self.lines.len() as i32 * LINE
    }
}

/// Draws the labels of a row.
pub(crate) fn draw(
    canvas: &mut Canvas,
    layout: &Layout,
    id: &str,
    plan: &Plan,
    row: RowBox,
) -> Result<(), FigureError> {
    let right = layout.columns.last().map_or(0, |c| c.1);
    canvas.open(&[("class", "labels".to_owned())]);
    for placed in place(plan, row, layout.label_room) {
        let middle = placed.top + LINE / 2;
        swatch(canvas, placed.label, (right + 7 * PX, middle), id)?;
        canvas.group(&[], None, |layer| {
            let kind = Type { size: TEXT, hold: Hold::Start, alpha: 1.0, bold: false };
            let mut lines = placed.lines.iter().zip(0..);
            lines.try_for_each(|(line, i)| layer.text(line, (right + SWATCH, middle + i * LINE), kind))
        })?;
    }
    canvas.close();
    Ok(())
}

/// Puts each label at its height, then moves them down and up again until none touches another.
fn place<'a>(plan: &'a Plan, row: RowBox, room: i32) -> Vec<Placed<'a>> {
    let mut placed: Vec<Placed> = plan.labels.iter().map(|label| wish(label, plan, row, room)).collect();
    placed.sort_by_key(|p| p.top);
    let mut free = row.strip_top.unwrap_or(row.top) - LINE / 2;
    for p in &mut placed {
        p.top = p.top.max(free);
        free = p.top + p.height();
    }
    let mut end = row.bottom + LINE / 2;
    for p in placed.iter_mut().rev() {
        p.top = p.top.min(end - p.height());
        end = p.top;
    }
    placed
}

fn wish<'a>(label: &'a Label, plan: &Plan, row: RowBox, room: i32) -> Placed<'a> {
    let lines = text::wrap(&label.text, TEXT, room, 3);
    let at = match (label.at, row.strip_top) {
        (Height::Strip, Some(top)) => top + STRIP / 2,
        (Height::Strip, None) => row.top,
        (Height::Value(value) | Height::Beside(value), _) => row.y(plan.scale.share(value)),
    };
    Placed { label, top: at - LINE / 2, lines }
}

/// A sample of the mark: a stroke of its line, a patch of its area, or the rule.
fn swatch(canvas: &mut Canvas, label: &Label, (x, y): (i32, i32), id: &str) -> Result<(), FigureError> {
    let width = 20 * PX;
    if matches!(label.at, Height::Beside(_)) {
        return Ok(());
    }
    let Some(meaning) = label.meaning else {
        return canvas.group(&[("class", "rule".to_owned())], None, |l| l.path(&[(x, y), (x + width, y)], ink(0.7), 4));
    };
    let Some(dash) = label.dash else {
        let hatch = (meaning == Meaning::Failed).then(|| format!("url(#{})", svg::hatch_id(id)));
        let paint = Paint(meaning.rgb(), meaning.area_alpha());
        let (from, to) = ((x + 5 * PX, y - 5 * PX), (x + 15 * PX, y + 5 * PX));
        return canvas.group(&[("class", meaning.word().to_owned())], hatch.as_deref(), |l| l.rect(from, to, paint));
    };
    let paint = Paint(meaning.rgb(), 1.0);
    canvas.group(&stroke(meaning, dash), None, |l| l.path(&[(x, y), (x + width, y)], paint, Weight::Main.width()))
}

/// Attributes of a group of lines.
pub(crate) fn stroke(meaning: Meaning, dash: Dash) -> Vec<(&'static str, String)> {
    let mut attributes = vec![("class", meaning.word().to_owned()), ("stroke-linejoin", "round".to_owned())];
    attributes.extend(dash.array().map(|array| ("stroke-dasharray", array.to_owned())));
    attributes
}
