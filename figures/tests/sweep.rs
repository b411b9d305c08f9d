//! Goal: the figures of a sweep are whole, legible and the same twice. Method: made-up cells and bands, drawn and read as text.

use gridlock_figures::{About, Axis, Band, BandRow, Bands, Cell, Phase, PhasePanel, Unit, render_bands, render_phase};
use gridlock_sim::report::VerdictKind;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn cell(verdict: VerdictKind, permille: u32) -> Option<Cell> {
    Some(Cell { verdict, permille, notes: vec!["browse 12 %".to_owned()] })
}

fn phase(across: &[String], down: &[String], cells: Vec<Option<Cell>>) -> Result<String, String> {
    let panel = |variant| PhasePanel { variant, cells: cells.clone() };
    let figure = Phase {
        about: About { id: "made up", title: "Made up", description: "Cells." },
        across: Axis { key: "slots", values: across },
        down: Axis { key: "pool", values: down },
        panels: vec![panel("grpc"), panel("kafka")],
        caption: "What the lines say.",
    };
    render_phase(&figure).map_err(|error| error.to_string())
}

fn bands(values: &[String], variants: &[&'static str], row: &[Option<Band>]) -> Result<String, String> {
    let row = BandRow { metric: "orders.p99_us", unit: Unit::Time, bands: vec![row.to_vec(); variants.len()] };
    let figure = Bands {
        about: About { id: "made up", title: "Made up", description: "Bands." },
        across: Axis { key: "pool", values },
        variants: variants.to_vec(),
        rows: vec![row],
    };
    render_bands(&figure).map_err(|error| error.to_string())
}

fn attribute(element: &str, name: &str) -> f64 {
    let (_, rest) = element.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("{name} in {element}"));
    rest.split_once('"').unwrap().0.parse().unwrap()
}

/// Texts are large enough, not empty, and within the page.
fn assert_legible(svg: &str) {
    let (_, size) = svg.split_once("viewBox=\"0 0 ").unwrap();
    let (width, height) = size.split_once('"').unwrap().0.split_once(' ').unwrap();
    let (width, height): (f64, f64) = (width.parse().unwrap(), height.parse().unwrap());
    let texts: Vec<&str> = svg.lines().filter(|line| line.starts_with("<text ")).collect();
    assert!(!texts.is_empty());
    for text in texts {
        assert!(attribute(text, "font-size") >= 48.0 && !text.contains("></text>"), "{text}");
        let (x, y) = (attribute(text, "x"), attribute(text, "y"));
        assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "{text}");
    }
    assert!(svg.lines().all(|line| !line.trim().is_empty()));
}

#[test]
fn a_phase_diagram_names_every_combination() {
    let (across, down) = (words(&["64", "256", "1024"]), words(&["5", "{ size = 20 }"]));
    let kinds = [VerdictKind::Healthy, VerdictKind::Absorbed, VerdictKind::Degraded, VerdictKind::Cascading];
    let mut cells: Vec<_> = kinds.into_iter().map(|kind| cell(kind, 750)).collect();
    cells.extend([cell(VerdictKind::Metastable, 1000), None]);
    let svg = phase(&across, &down, cells.clone()).unwrap();
    assert_eq!(svg, phase(&across, &down, cells.clone()).unwrap());
    assert_legible(&svg);
    for (text, count) in [("healthy", 2), ("metastable", 2), ("75 % of runs", 8), ("all runs", 2), ("no run", 2)] {
        assert_eq!(svg.matches(&format!(">{text}</text>")).count(), count, "{text}");
    }
    assert!(svg.contains(">slots</text>") && svg.contains(">pool</text>") && svg.contains(">{ size = 20 }</text>"));
    cells.pop();
    assert!(phase(&across, &down, cells).unwrap_err().contains("no cell for each combination"));
    assert!(phase(&across, &[], Vec::new()).is_err());
}

#[test]
fn bands_show_spread_and_absence() {
    let band = |p5, median, p95| Some(Band { p5, median, p95 });
    let values = words(&["5", "10", "20"]);
    let row = [band(1_000, 2_000, 9_000), None, band(10_000, 20_000, 2_000_000)];
    let svg = bands(&values, &["grpc", "kafka", "hardened", "retries"], &row).unwrap();
    assert_eq!(svg, bands(&values, &["grpc", "kafka", "hardened", "retries"], &row).unwrap());
    assert_legible(&svg);
    assert_eq!(svg.matches("class=\"panel\"").count(), 4);
    assert_eq!(svg.matches("<polygon ").count(), 4 * 2, "a gap parts a band in two");
    let absent = bands(&values, &["grpc"], &[None; 3]).unwrap();
    assert!(absent.contains("not in this design"));
    assert!(bands(&values, &["grpc"], &row[..2]).is_err());
    assert!(bands(&[], &["grpc"], &[]).is_err());
}

#[test]
fn many_values_do_not_touch_each_other() {
    let values: Vec<String> = (0..60).map(|n| (n * 1000).to_string()).collect();
    let row = vec![Some(Band { p5: 1, median: 2, p95: 3 }); 60];
    let svg = bands(&values, &["grpc", "kafka", "hardened"], &row).unwrap();
    assert_legible(&svg);
    let written = svg.matches("000</text>").count();
    assert!((3 * 2..3 * 6).contains(&written), "{written} values are written");
}
