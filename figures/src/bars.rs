//! Bars of quantities in two parts, for figures that compare sizes and no runs.

use crate::canvas::{Canvas, Hold, Paint, Type, ink};
use crate::layout::WIDTH;
use crate::theme::{HEADING, LEADING, PALETTE, PX, TEXT};
use crate::{FigureError, svg, text};

/// A figure of bars.
#[derive(Clone, Debug)]
pub struct Bars<'a> {
    /// Names the figure in the page; also the prefix of the ids inside the SVG.
    pub id: &'a str,
    /// Its heading, and the SVG's `<title>`.
    pub title: &'a str,
    /// What a reader who cannot see it should know: the SVG's `<desc>`.
    pub description: &'a str,
    /// What the two parts of each bar are.
    pub parts: [&'a str; 2],
    /// Unit of the numbers.
    pub unit: &'a str,
    /// Where the numbers come from, below the bars.
    pub source: &'a str,
    /// Name and both parts of each bar.
    pub bars: Vec<(&'a str, [u64; 2])>,
}

const LEFT: i32 = 92 * PX;
const RIGHT: i32 = WIDTH - 120 * PX;
const BAR: i32 = 24 * PX;

/// Draws bars as a self-contained SVG document, in the light theme.
///
/// # Errors
///
/// If there is nothing to draw.
pub fn bars(of: &Bars) -> Result<String, FigureError> {
    let id = text::slug(of.id);
    let most = of.bars.iter().map(|(_, parts)| parts.iter().sum::<u64>()).max().filter(|most| *most > 0);
    let Some(most) = most else { return Err(FigureError::Empty { id, what: "bars" }) };
    let mut canvas = Canvas::default();
    let plain = Type { size: TEXT, hold: Hold::Start, alpha: 0.75, bold: false };
    let mut y = 6 * PX + LEADING / 2;
    canvas.group(&[("class", "heading".to_owned())], None, |layer| {
        layer.text(of.title, (8 * PX, y), Type { size: HEADING, bold: true, alpha: 1.0, ..plain })
    })?;
    y += 2 * LEADING;
    let x = |value: u64| LEFT + (f64::from(RIGHT - LEFT) * value as f64 / most as f64).round() as i32;
    for (n, (name, [first, second])) in of.bars.iter().enumerate() {
        let (top, bottom) = (y - BAR / 2, y + BAR / 2);
        canvas.group(&[("class", "bar".to_owned())], None, |layer| {
            layer.rect((LEFT, top), (x(*first), bottom), Paint(PALETTE[0], 0.6))?;
            layer.rect((x(*first), top), (x(first + second), bottom), Paint(PALETTE[1], 0.8))?;
            layer.path(&[(x(*first), top), (x(*first), bottom)], ink(0.9), 3)?;
            layer.text(name, (LEFT - 8 * PX, y), Type { hold: Hold::End, bold: true, alpha: 1.0, ..plain })?;
            let unit = if n == 0 { format!(" {}", of.unit) } else { String::new() };
            let told = format!("{first} + {second}{unit}");
            layer.text(&told, (x(first + second) + 8 * PX, y), Type { alpha: 1.0, ..plain })
        })?;
        y += BAR + 12 * PX;
    }
    let legend = format!("Left of the line: {}; right of it: {}.", of.parts[0], of.parts[1]);
    let words = [legend, of.source.to_owned()].into_iter().flat_map(|line| text::wrap(&line, TEXT, WIDTH - 16 * PX, 3));
    let words: Vec<String> = words.collect();
    canvas.group(&[("class", "source".to_owned())], None, |layer| {
        words.iter().zip(0..).try_for_each(|(line, n)| layer.text(line, (8 * PX, y + n * LEADING), plain))
    })?;
    let size = (WIDTH, y + words.len() as i32 * LEADING);
    let document = svg::Document { id: &id, title: of.title, description: of.description, size };
    Ok(document.wrap(&canvas.into_body()))
}
