//! Bands of columns: variants that stand side by side, below each other where there are more than a page is wide.

use std::ops::Range;

use crate::canvas::Canvas;
use crate::layout::{BAND_GAP, Frame, Layout};
use crate::panel::Panel;
use crate::plan::Plan;
use crate::{Column, Figure, FigureError, Row, faults, labels, page, rows};

/// Some of the columns with their rows.
pub(crate) struct Band<'a> {
    columns: &'a [Column<'a>],
    /// What is shown of them.
    pub plans: Vec<Plan>,
    /// Titles of the rows of which these columns have nothing.
    absent: Vec<String>,
}

/// The columns of a figure in bands of `per_band`. All bands share the domains of each row.
pub(crate) fn bands<'a>(figure: &'a Figure, per_band: usize) -> Result<Vec<Band<'a>>, FigureError> {
    figure.rows.iter().try_for_each(|row| rows::check(row, &figure.columns))?;
    let wholes: Vec<Plan> = figure.rows.iter().map(|row| rows::plan(row, &figure.columns)).collect::<Result<_, _>>()?;
    let one = |columns: &'a [Column<'a>]| {
        let mut band = Band { columns, plans: Vec::new(), absent: Vec::new() };
        for (row, whole) in figure.rows.iter().zip(&wholes) {
            match part(row, whole, columns) {
                Some(plan) => band.plans.push(plan),
                None => band.absent.push(whole.title.clone()),
            }
        }
        band
    };
    Ok(figure.columns.chunks(per_band).map(one).collect())
}

/// Where the bands of a drawn figure lie, from top to bottom, for who must break it between them: upper and lower edge, in units of its
/// viewBox. One if it has none.
pub fn bands_of(svg: &str) -> Vec<Range<i32>> {
    let number = |text: &str, opening: &str| -> Option<i32> {
        let (_, rest) = text.split_once(opening)?;
        rest[..rest.find(['"', ' '])?].parse().ok()
    };
    let height = svg.split_once("viewBox=\"0 0 ").and_then(|(_, size)| number(size, " ")).unwrap_or(0);
    let headings = svg.split("<g class=\"heading\">").skip(1);
    let at: Vec<(i32, i32)> =
        headings.filter_map(|text| Some((number(text, " x=\"")?, number(text, " y=\"")?))).collect();
    // A band begins where a heading stands at the left edge again.
    let first = at.first().copied().unwrap_or_default();
    let mut tops: Vec<i32> = at.iter().filter(|(x, _)| *x == first.0).map(|(_, y)| y - first.1).collect();
    if tops.is_empty() {
        tops.push(0);
    }
    let bottoms = tops.iter().skip(1).map(|top| top - BAND_GAP).chain([height]);
    tops.iter().zip(bottoms).map(|(top, bottom)| *top..bottom).collect()
}

/// A row in some of its columns, with the domain and the title that it has in all of them; nothing if they have nothing of it. Lanes are
/// those of the band: a topic need not have as many partitions in every one.
fn part(row: &Row, whole: &Plan, columns: &[Column]) -> Option<Plan> {
    let plan = rows::plan(row, columns).ok()?;
    if plan.lanes.is_some() {
        return Some(plan);
    }
    Some(Plan { scale: whole.scale.clone(), title: whole.title.clone(), ..plan })
}

impl Band<'_> {
    /// Draws the band from `top` on, and says where it ends.
    pub(crate) fn draw(&self, canvas: &mut Canvas, frame: Frame, top: i32, id: &str) -> Result<i32, FigureError> {
        let layout = Layout::of(&self.plans, self.columns, frame, top);
        page::headings(canvas, &layout)?;
        faults::draw(canvas, &layout)?;
        for (plan, row) in self.plans.iter().zip(&layout.rows) {
            page::row(canvas, &layout, plan, *row)?;
            for (column, of) in self.columns.iter().enumerate() {
                Panel { layout: &layout, plan, row: *row, column, of, id }.draw(canvas)?;
            }
            labels::draw(canvas, &layout, id, plan, *row)?;
        }
        page::time_axis(canvas, &layout)?;
        page::absent(canvas, &layout, &self.absent)
    }
}
