//! Fault windows: shaded down the page, and named once, above the columns.

use std::collections::BTreeMap;

use gridlock_sim::report::FaultWindow;

use crate::canvas::{Canvas, ink};
use crate::layout::{GUTTER, Layout, x_in};
use crate::page::PLAIN;
use crate::theme::{LEADING, PX, TEXT};
use crate::{Column, FigureError, text};

/// Names share at most this many lines; the rest is counted.
const LANES_MAX: usize = 4;

/// A name and its place.
#[derive(Debug)]
pub(crate) struct Name {
    /// Beginning of the text, in viewBox units.
    x: i32,
    /// Line, from the top.
    lane: usize,
    text: String,
}

/// The names of each column: all of them in the first column, and again only where a column has other faults.
pub(crate) fn names(columns: &[Column], spans: &[(i32, i32)], duration_us: u64) -> Vec<Vec<Name>> {
    let named = |i: usize, column: &Column| i == 0 || column.report.faults != columns[0].report.faults;
    let of = |(i, (column, span)): (usize, (&Column, &(i32, i32)))| match named(i, column) {
        true => place(&column.report.faults, *span, duration_us),
        false => Vec::new(),
    };
    columns.iter().zip(spans).enumerate().map(of).collect()
}

/// Number of lines that names take.
pub(crate) fn lanes(names: &[Vec<Name>]) -> i32 {
    names.iter().flatten().map(|n| n.lane as i32 + 1).max().unwrap_or(0)
}

/// Puts each name over the beginning of its first window, in the first line with room for it.
fn place(faults: &[FaultWindow], span: (i32, i32), duration_us: u64) -> Vec<Name> {
    // A name may reach into the gutter, which the next column leaves free.
    let end = span.1 + GUTTER - 4 * PX;
    let mut free = [span.0; LANES_MAX];
    let mut placed: Vec<Name> = Vec::new();
    let faults = by_beginning(faults);
    let start = |text: &str, at: i32| at.min(end - text::width(text, TEXT)).max(span.0);
    for (i, (from_us, name)) in faults.iter().enumerate() {
        let text = text::wrap(name, TEXT, end - span.0, 1).concat();
        let x = start(&text, x_in(span, duration_us, *from_us));
        let Some(lane) = free.iter().position(|free| *free <= x) else {
            // The last name gives its place to the number of those without one.
            if let Some(last) = placed.last_mut() {
                last.text = format!("+{} more", faults.len() - i + 1);
                last.x = start(&last.text, last.x);
            }
            break;
        };
        free[lane] = x + text::width(&text, TEXT) + 8 * PX;
        placed.push(Name { x, lane, text });
    }
    placed
}

/// Each name once, with its first beginning.
fn by_beginning(faults: &[FaultWindow]) -> Vec<(u64, &str)> {
    let mut first: BTreeMap<&str, u64> = BTreeMap::new();
    for fault in faults {
        let from_us = first.entry(&fault.name).or_insert(fault.from_us);
        *from_us = fault.from_us.min(*from_us);
    }
    let mut first: Vec<(u64, &str)> = first.into_iter().map(|(name, from_us)| (from_us, name)).collect();
    first.sort_unstable();
    first
}

/// Draws windows and names.
pub(crate) fn draw(canvas: &mut Canvas, layout: &Layout, columns: &[Column]) -> Result<(), FigureError> {
    for (i, (column, names)) in columns.iter().zip(&layout.fault_names).enumerate() {
        windows(canvas, layout, i, &column.report.faults)?;
        canvas.group(&[("class", "fault-names".to_owned())], None, |layer| {
            let y = |lane: usize| layout.faults_y + lane as i32 * LEADING;
            names.iter().try_for_each(|name| layer.text(&name.text, (name.x, y(name.lane)), PLAIN))
        })?;
    }
    Ok(())
}

fn windows(canvas: &mut Canvas, layout: &Layout, column: usize, faults: &[FaultWindow]) -> Result<(), FigureError> {
    let (top, bottom) = layout.fault_span();
    canvas.group(&[("class", "faults".to_owned())], None, |layer| {
        for fault in faults {
            let from = layout.x(column, fault.from_us);
            // The shortest fault can still be seen.
            let until = layout.x(column, fault.until_us).max(from + PX);
            layer.rect((from, top), (until, bottom), ink(0.08))?;
            layer.rect((from, top - PX), (until, top), ink(0.6))?;
        }
        Ok(())
    })
}
