//! Who calls whom: boxes and arrows from the specification of a scenario.

use gridlock_scenarios::world::WorldSpec;

use crate::desk::Fault;
use crate::directive::{Place, Words, target};
use crate::html::escape;

/// Boxes in columns from callers to callees, and arrows between them.
#[derive(Default)]
struct Map {
    /// Name, note, column, row in half heights.
    boxes: Vec<(String, String, i32, i32)>,
    /// From, to, dashed.
    arrows: Vec<(String, String, bool)>,
}

const WIDTH: i32 = 110;
const HEIGHT: i32 = 44;
const GAP: i32 = 38;
const ROW: i32 = 36;

/// The map of a world as an inline SVG, in the ink of the page.
pub(crate) fn topology(place: &Place, words: &Words) -> Result<String, Fault> {
    let (scenario, variant) = target(&words.plain[0]);
    place.desk.check(&words.asked())?;
    let story = place.desk.story(scenario)?;
    let spec = match variant {
        Some(variant) => {
            story.resolve(Some(variant), &[]).map_err(|e| Fault::Wrong(e.to_string(), String::new()))?.spec
        }
        None => story.spec.clone(),
    };
    let faulted: Vec<String> =
        spec.fault.iter().flat_map(|fault| fault.inject.nodes()).map(|node| node.get_ref().clone()).collect();
    Ok(draw(&map(&spec.world), &faulted, &format!("Who calls whom in {}", story.spec.title)))
}

fn map(world: &WorldSpec) -> Map {
    match world {
        WorldSpec::Shop(shop) if shop.events.is_some() => with_events(),
        WorldSpec::Shop(_) => shop(),
        WorldSpec::Chain(chain) => line(&chain.services, ""),
        WorldSpec::Stream(_) => line(&["producer".into(), "kafka".into(), "consumers".into()], "events"),
    }
}

fn shop() -> Map {
    let mut map = front();
    map.add("inventory", "", 3, 0).add("notification", "", 3, 2).add("inventory-db", "database", 4, 0);
    map.call("order", "inventory").call("order", "notification").call("inventory", "inventory-db");
    map
}

fn with_events() -> Map {
    let mut map = front();
    map.add("kafka", "topics", 3, 1).add("inventory", "", 4, 0).add("notification", "", 4, 2);
    map.call("order", "kafka").tell("kafka", "inventory").tell("kafka", "notification");
    map
}

/// What both shops have: customers, the gateway, and behind it order and catalog.
fn front() -> Map {
    let mut map = Map::default();
    map.add("customers", "", 0, 2).add("gateway", "", 1, 2).add("order", "", 2, 1).add("catalog", "pages", 2, 4);
    map.add("order-db", "database", 3, 4);
    map.call("customers", "gateway").call("gateway", "order").call("gateway", "catalog").call("order", "order-db");
    map
}

fn line(names: &[String], note: &str) -> Map {
    let mut map = Map::default();
    map.add("customers", note, 0, 0);
    for (index, name) in names.iter().enumerate() {
        let before = if index == 0 { "customers" } else { &names[index - 1] };
        map.add(name, "", index as i32 + 1, 0).call(before, name);
    }
    map
}

impl Map {
    fn add(&mut self, name: &str, note: &str, column: i32, row: i32) -> &mut Self {
        self.boxes.push((name.into(), note.into(), column, row));
        self
    }

    fn call(&mut self, from: &str, to: &str) -> &mut Self {
        self.arrows.push((from.into(), to.into(), false));
        self
    }

    fn tell(&mut self, from: &str, to: &str) -> &mut Self {
        self.arrows.push((from.into(), to.into(), true));
        self
    }

    /// Top left corner of a box.
    fn at(&self, name: &str) -> (i32, i32) {
        let (_, _, column, row) = self.boxes.iter().find(|each| each.0 == name).expect("arrows join boxes");
        (8 + column * (WIDTH + GAP), 8 + row * ROW)
    }
}

fn draw(map: &Map, faulted: &[String], title: &str) -> String {
    let right = map.boxes.iter().map(|each| map.at(&each.0).0 + WIDTH).max().unwrap_or(0) + 8;
    let bottom = map.boxes.iter().map(|each| map.at(&each.0).1 + HEIGHT).max().unwrap_or(0) + 8;
    let arrows: String = map.arrows.iter().map(|(from, to, dashed)| arrow(map.at(from), map.at(to), *dashed)).collect();
    let boxes: String = map.boxes.iter().map(|(name, note, ..)| one_box(map.at(name), name, note, faulted)).collect();
    format!(
        "<figure class=\"gl-topology\"><div class=\"gl-scroll\"><svg viewBox=\"0 0 {right} {bottom}\" width=\"{right}\" height=\"{bottom}\" \
         role=\"img\" aria-label=\"{title}\"><defs><marker id=\"gl-arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"currentColor\"/></marker></defs>{arrows}{boxes}</svg></div>\
         <figcaption>Solid arrows are calls that wait for their answer, dashed ones events that nobody waits for. The marked box is \
         where the fault is.</figcaption></figure>",
        title = escape(title)
    )
}

fn arrow(from: (i32, i32), to: (i32, i32), dashed: bool) -> String {
    let (x1, y1) = (from.0 + WIDTH, from.1 + HEIGHT / 2);
    let (x2, y2) = (to.0 - 2, to.1 + HEIGHT / 2);
    let bend = (x1 + x2) / 2;
    let dash = if dashed { " stroke-dasharray=\"5 4\"" } else { "" };
    format!(
        "<path d=\"M{x1} {y1} C{bend} {y1} {bend} {y2} {x2} {y2}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.4\"{dash} \
         marker-end=\"url(#gl-arrow)\"/>"
    )
}

fn one_box((x, y): (i32, i32), name: &str, note: &str, faulted: &[String]) -> String {
    let class = if faulted.iter().any(|node| node == name || node.starts_with(&format!("{name}-"))) {
        "gl-sick"
    } else {
        "gl-box"
    };
    let (middle, line) = (x + WIDTH / 2, y + HEIGHT / 2);
    let label = match note {
        "" => format!("<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>", line + 5, escape(name)),
        note => format!(
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text><text class=\"gl-note\" x=\"{middle}\" y=\"{}\" \
             text-anchor=\"middle\">{}</text>",
            line - 2,
            escape(name),
            line + 14,
            escape(note)
        ),
    };
    format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>{label}")
}
