//! Who reaches whom: boxes from left to right by their distance from the customers, and arrows between them.

use gridlock_sim::report::FaultWindow;

use crate::canvas::{Canvas, Hold, Layer, Paint, Point, Type, ink};
use crate::labels::stroke;
use crate::layout::WIDTH;
use crate::theme::{Dash, HEADING, LEADING, Meaning, NUMBER, PX, Rgb, TEXT};
use crate::{FigureError, svg, text};

/// Drawings of one or more designs, one below the other.
#[derive(Clone, Debug)]
pub struct Topology<'a> {
    /// Names the figure in the page; also the prefix of the ids inside the SVG.
    pub id: &'a str,
    /// What it shows: the SVG's `<title>`.
    pub title: &'a str,
    /// What a reader who cannot see it should know: the SVG's `<desc>`.
    pub description: &'a str,
    /// From top to bottom.
    pub designs: Vec<Design>,
}

/// One design.
#[derive(Clone, Debug, Default)]
pub struct Design {
    /// Heading, e.g. the names of the variants that are built so.
    pub title: String,
    /// The parts.
    pub parts: Vec<Part>,
    /// The ways between them.
    pub ways: Vec<Way>,
    /// What hits them.
    pub faults: Vec<FaultWindow>,
}

/// A box.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: PartKind,
    /// Its column, from 0 on.
    pub rank: usize,
    /// Lines below its name.
    pub notes: Vec<String>,
    /// Further names by which faults mean it.
    pub aliases: Vec<String>,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// People: no box, only words.
    Customers,
    /// One process.
    Service,
    /// Keeps data: a box with a second line at its top.
    Database,
    /// A topic: a box in lanes.
    Topic,
    /// Several processes: a box with another behind it.
    Group,
    /// Brokers: a box with another behind it.
    Cluster,
}

/// An arrow.
#[derive(Clone, Debug)]
pub struct Way {
    /// Name of the part where it begins.
    pub from: String,
    /// Name of the part where it ends.
    pub to: String,
    /// Words at its middle.
    pub label: String,
    /// Nobody waits for an answer: dashed.
    pub event: bool,
}

/// A box with its place.
struct Box<'a> {
    part: &'a Part,
    notes: Vec<String>,
    names: Vec<String>,
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
    hit: bool,
}

/// Space between two columns, for arrows and their words.
const GAP: i32 = 50 * PX;
/// Space between two boxes of a column.
const ROW_GAP: i32 = 26 * PX;
/// Space inside of a box.
const PAD: i32 = 5 * PX;
/// Space at the edges of the page.
const EDGE: i32 = 8 * PX;

/// Draws the topology as a self-contained SVG document, in the light theme.
///
/// # Errors
///
/// If there is nothing to draw.
pub fn topology(of: &Topology) -> Result<String, FigureError> {
    let id = text::slug(of.id);
    if of.designs.iter().all(|design| design.parts.is_empty()) {
        return Err(FigureError::Empty { id, what: "parts" });
    }
    let mut canvas = Canvas::default();
    let mut bottom = 0;
    for design in &of.designs {
        bottom = draw(&mut canvas, design, bottom + 4 * PX, &id)? + 14 * PX;
    }
    let note = "Solid: a call that waits for its answer. Dashed: an event. Hatched or crossed: hit by a fault.";
    let kind = Type { size: TEXT, hold: Hold::Start, alpha: 0.75, bold: false };
    canvas.group(&[("class", "legend".to_owned())], None, |layer| layer.text(note, (EDGE, bottom + 4 * PX), kind))?;
    let size = (WIDTH, bottom + LEADING);
    let document = svg::Document { id: &id, title: of.title, description: of.description, size };
    Ok(document.wrap(&canvas.into_body()))
}

fn draw(canvas: &mut Canvas, design: &Design, top: i32, id: &str) -> Result<i32, FigureError> {
    let heading = Type { size: HEADING, hold: Hold::Start, alpha: 1.0, bold: true };
    let lines = text::wrap(&design.title, HEADING + HEADING / 8, WIDTH - 2 * EDGE, 4);
    canvas.group(&[("class", "heading".to_owned())], None, |layer| {
        let y = top + LEADING / 2;
        lines.iter().zip(0..).try_for_each(|(line, n)| layer.text(line, (EDGE, y + n * LEADING), heading))
    })?;
    let boxes = place(design, top + lines.len() as i32 * LEADING + air(design));
    boxes.iter().filter(|of| of.hit).try_for_each(|of| hit(canvas, of, id))?;
    design.ways.iter().try_for_each(|way| arrow(canvas, &boxes, design, way))?;
    boxes.iter().try_for_each(|of| frame(canvas, of))?;
    Ok(boxes.iter().map(|of| of.bottom).max().unwrap_or(top))
}

/// Space below the heading. Words at an arrow stand above low boxes, in two lines if there are several.
fn air(design: &Design) -> i32 {
    let low = design.parts.iter().all(|part| part.notes.is_empty());
    let several = design.ways.iter().any(|way| way.label.contains(' '));
    if low && several { 22 * PX } else { 14 * PX }
}

/// Boxes in columns of equal width, each column centred on the highest.
fn place(design: &Design, top: i32) -> Vec<Box<'_>> {
    let ranks = design.parts.iter().map(|part| part.rank).max().unwrap_or(0) as i32 + 1;
    let gap = if ranks > 5 { GAP * 3 / 4 } else { GAP };
    let width = ((WIDTH - 2 * EDGE - 6 * PX - (ranks - 1) * gap) / ranks).min(150 * PX);
    let mut boxes: Vec<Box> = design.parts.iter().map(|part| shape(part, design, width, gap)).collect();
    let height = |boxes: &[Box], rank: usize| {
        let of_rank = boxes.iter().filter(|of| of.part.rank == rank).map(|of| of.bottom - of.top + ROW_GAP);
        of_rank.sum::<i32>() - ROW_GAP
    };
    let heights: Vec<i32> = (0..ranks as usize).map(|rank| height(&boxes, rank)).collect();
    let highest = heights.iter().copied().max().unwrap_or(0);
    let mut next: Vec<i32> = heights.iter().map(|own| top + (highest - own) / 2).collect();
    for of in &mut boxes {
        let rank = of.part.rank;
        let tall = of.bottom - of.top;
        (of.top, of.bottom) = (next[rank], next[rank] + tall);
        next[rank] += tall + ROW_GAP;
    }
    boxes
}

fn shape<'a>(part: &'a Part, design: &Design, width: i32, gap: i32) -> Box<'a> {
    let left = EDGE + part.rank as i32 * (width + gap);
    let room = width - 2 * PAD;
    let names = text::wrap(&part.name, TEXT + TEXT / 12, room, 3);
    let notes: Vec<String> = part.notes.iter().flat_map(|note| text::wrap(note, NUMBER, room, 2)).collect();
    let bottom = (names.len() + notes.len()) as i32 * LEADING + 2 * PAD;
    let hit = |name: &str| name == part.name || part.aliases.iter().any(|alias| alias == name);
    let hit = design.faults.iter().any(|fault| ends(&fault.name).is_none() && hit(victim(&fault.name)));
    Box { part, notes, names, left, right: left + width, top: 0, bottom, hit }
}

/// Whom a fault hits, by its name: the part before the colon, without what is inside of it.
fn victim(fault: &str) -> &str {
    let who = fault.split_once(": ").map_or(fault, |(who, _)| who);
    who.strip_suffix(".threads").unwrap_or(who)
}

/// The ends of the link that a fault hits, and whether it hits both directions.
fn ends(fault: &str) -> Option<(&str, &str, bool)> {
    let who = victim(fault);
    let both = who.split_once("<->").map(|(from, to)| (from, to, true));
    both.or_else(|| who.split_once("->").map(|(from, to)| (from, to, false)))
}

/// How far the second box of a group stands behind the first.
const BEHIND: i32 = 4 * PX;

/// The hatched margin of a part that a fault hits.
fn hit(canvas: &mut Canvas, of: &Box, id: &str) -> Result<(), FigureError> {
    let hatch = format!("url(#{})", svg::hatch_id(id));
    let around = 5 * PX;
    let behind = if is_several(of.part.kind) { BEHIND } else { 0 };
    canvas.group(&[("class", "hit".to_owned())], Some(&hatch), |layer| {
        let (from, to) =
            ((of.left - around, of.top - around - behind), (of.right + around + behind, of.bottom + around));
        layer.rect(from, to, Paint(Meaning::Failed.rgb(), 1.0))
    })
}

const fn is_several(kind: PartKind) -> bool {
    matches!(kind, PartKind::Group | PartKind::Cluster)
}

fn frame(canvas: &mut Canvas, of: &Box) -> Result<(), FigureError> {
    let (from, to) = ((of.left, of.top), (of.right, of.bottom));
    let kind = of.part.kind;
    canvas.group(&[("class", "part".to_owned())], None, |layer| {
        if is_several(kind) {
            outline(layer, (from.0 + BEHIND, from.1 - BEHIND), (to.0 + BEHIND, to.1 - BEHIND), kind)?;
        }
        if kind != PartKind::Customers {
            outline(layer, from, to, kind)?;
        }
        if kind == PartKind::Database {
            layer.path(&[(from.0, from.1 + 4 * PX), (to.0, from.1 + 4 * PX)], Paint(colour(kind), 1.0), 4)?;
        }
        if kind == PartKind::Topic {
            for n in 1..4 {
                let x = from.0 + n * 2 * PX;
                layer.path(&[(x, from.1), (x, to.1)], Paint(colour(kind), 1.0), 3)?;
            }
        }
        let name = Type { size: TEXT, hold: Hold::Middle, alpha: 1.0, bold: true };
        let note = Type { size: NUMBER, alpha: 0.8, bold: false, ..name };
        let middle = from.0 + (to.0 - from.0) / 2;
        let y = |n: usize| from.1 + PAD + LEADING / 2 + n as i32 * LEADING;
        for (n, line) in of.names.iter().enumerate() {
            layer.text(line, (middle, y(n)), name)?;
        }
        of.notes.iter().enumerate().try_for_each(|(n, line)| layer.text(line, (middle, y(n + of.names.len())), note))
    })
}

/// A box on the colour of the page.
fn outline(layer: &mut Layer, from: Point, to: Point, kind: PartKind) -> Result<(), FigureError> {
    layer.rect(from, to, Paint(crate::theme::PAGE, 1.0))?;
    layer.rect(from, to, Paint(colour(kind), 0.14))?;
    let around = [from, (to.0, from.1), to, (from.0, to.1), from];
    layer.path(&around, Paint(colour(kind), 1.0), 5)
}

const fn colour(kind: PartKind) -> Rgb {
    match kind {
        PartKind::Customers | PartKind::Service => Meaning::Pool.rgb(),
        PartKind::Database => Meaning::Memory.rgb(),
        PartKind::Topic | PartKind::Cluster => Meaning::Retries.rgb(),
        PartKind::Group => Meaning::Ok.rgb(),
    }
}

/// Where an arrow touches a box: on the side that faces the other, shared out among all arrows of that side.
fn port(boxes: &[Box], design: &Design, way: &Way, begins: bool) -> Option<Point> {
    let find = |name: &str| boxes.iter().find(|of| of.part.name == name);
    let own = find(if begins { &way.from } else { &way.to })?;
    let side = |other: &Box| other.part.rank.cmp(&own.part.rank);
    let other = find(if begins { &way.to } else { &way.from })?;
    let middle = |of: &Box| i32::midpoint(of.top, of.bottom);
    if side(other).is_eq() {
        let x = own.left + (own.right - own.left) / 2;
        return Some((x, if middle(other) > middle(own) { own.bottom } else { own.top }));
    }
    let of_side = design.ways.iter().filter_map(|each| {
        let far = match &own.part.name {
            name if *name == each.from => find(&each.to)?,
            name if *name == each.to => find(&each.from)?,
            _ => return None,
        };
        (side(far) == side(other)).then(|| (middle(far), each.from.clone(), each.to.clone()))
    });
    let mut of_side: Vec<(i32, String, String)> = of_side.collect();
    of_side.sort();
    let nth = of_side.iter().position(|(_, from, to)| *from == way.from && *to == way.to)? as i32;
    let y = own.top + (own.bottom - own.top) * (nth + 1) / (of_side.len() as i32 + 1);
    Some((if side(other).is_gt() { own.right } else { own.left }, y))
}

fn arrow(canvas: &mut Canvas, boxes: &[Box], design: &Design, way: &Way) -> Result<(), FigureError> {
    let (Some(from), Some(to)) = (port(boxes, design, way, true), port(boxes, design, way, false)) else {
        return Ok(());
    };
    let same = |a: &str, b: &str| (a, b) == (way.from.as_str(), way.to.as_str());
    let cut = design.faults.iter().filter_map(|fault| ends(&fault.name)).any(|(a, b, _)| same(a, b) || same(b, a));
    let paint = if cut { Paint(Meaning::Failed.rgb(), 1.0) } else { ink(0.7) };
    let dash = if way.event { Dash::Dashed } else { Dash::Solid };
    canvas
        .group(&stroke(Meaning::Other, dash), None, |layer| layer.path(&[from, to], paint, if cut { 8 } else { 5 }))?;
    let middle = (i32::midpoint(from.0, to.0), i32::midpoint(from.1, to.1));
    canvas.group(&[("class", "way".to_owned())], None, |layer| {
        layer.polygon(&head(from, to), paint)?;
        if cut {
            let r = 6 * PX;
            layer.path(&[(middle.0 - r, middle.1 - r), (middle.0 + r, middle.1 + r)], paint, 10)?;
            layer.path(&[(middle.0 - r, middle.1 + r), (middle.0 + r, middle.1 - r)], paint, 10)?;
        }
        words(layer, &way.label, middle, ((to.0 - from.0).abs(), (to.1 - from.1).abs()))
    })
}

/// Words above a level arrow, on a sloping one (on the colour of the page), right of an upright one.
fn words(layer: &mut Layer, label: &str, (x, y): Point, (across, up): (i32, i32)) -> Result<(), FigureError> {
    let kind =
        Type { size: NUMBER, hold: if across == 0 { Hold::Start } else { Hold::Middle }, alpha: 0.9, bold: false };
    if across == 0 {
        return layer.text(label, (x + 6 * PX, y), kind);
    }
    let lines = text::wrap(label, NUMBER, across, 2);
    let (line, more) = (13 * PX, lines.len() as i32 - 1);
    let is_level = up < 8 * PX;
    let first = if is_level { y - 9 * PX - more * line } else { y - more * line / 2 };
    for (text, n) in lines.iter().zip(0..) {
        let (half, middle) = (text::width(text, NUMBER) / 2, first + n * line);
        if !is_level {
            let page = Paint(crate::theme::PAGE, 0.85);
            layer.rect((x - half, middle - line / 2), (x + half, middle + line / 2), page)?;
        }
        layer.text(text, (x, middle), kind)?;
    }
    Ok(())
}

/// The head of an arrow.
fn head((x0, y0): Point, (x1, y1): Point) -> [Point; 3] {
    let (dx, dy) = (f64::from(x1 - x0), f64::from(y1 - y0));
    let length = libm::sqrt(dx * dx + dy * dy).max(1.0);
    let (ux, uy) = (dx / length * f64::from(9 * PX), dy / length * f64::from(9 * PX));
    let at = |along: f64, across: f64| {
        let (x, y) = (-ux * along - uy * across, -uy * along + ux * across);
        (x1 + x.round() as i32, y1 + y.round() as i32)
    };
    [(x1, y1), at(1.0, 0.45), at(1.0, -0.45)]
}
