//! What every figure must be, whatever it shows.

mod further;
mod synthetic;

use gridlock_figures::{FigureError, Row, bands_of, render};
use gridlock_sim::report::FaultWindow;

/// An attribute of an element as text.
fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = element.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn number(element: &str, name: &str) -> Option<f64> {
    attribute(element, name)?.parse().ok()
}

fn elements<'a>(svg: &'a str, tag: &str) -> Vec<&'a str> {
    let opening = format!("<{tag} ");
    svg.lines().filter(|l| l.starts_with(&opening)).collect()
}

fn svg(columns: usize) -> String {
    let reports = synthetic::reports();
    let mut rows = synthetic::rows();
    rows.truncate(if columns < 3 { rows.len() - 1 } else { rows.len() });
    render(&synthetic::figure(&reports, columns, rows)).unwrap()
}

fn size(svg: &str) -> (f64, f64) {
    let values: Vec<f64> = attribute(svg, "viewBox").unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
    (values[2], values[3])
}

/// All places an element touches; texts by a guess at their width.
fn places(element: &str) -> Vec<(f64, f64)> {
    let at = |x: &str, y: &str| number(element, x).zip(number(element, y));
    if let Some(points) = attribute(element, "points") {
        let point = |p: &str| p.split_once(',').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()));
        return points.split_whitespace().filter_map(point).collect();
    }
    let (x, y) = at("x", "y").or_else(|| at("x1", "y1")).unwrap();
    if element.starts_with("<text") {
        let content = element.split_once('>').unwrap().1.trim_end_matches("</text>");
        let size = number(element, "font-size").unwrap();
        let width = content.chars().count() as f64 * size * 0.6;
        let from = match attribute(element, "text-anchor").unwrap() {
            "start" => x,
            "middle" => x - width / 2.0,
            _ => x - width,
        };
        return vec![(from, y - size / 2.0), (from + width, y + size / 2.0)];
    }
    let far = at("width", "height").map(|(w, h)| (x + w, y + h));
    [Some((x, y)), far, at("x2", "y2")].into_iter().flatten().collect()
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    assert_eq!(svg(4), svg(4));
}

#[test]
fn a_figure_names_and_describes_itself() {
    let svg = svg(2);
    assert!(svg.contains("role=\"img\""));
    assert!(svg.contains("<title id=\"retry-storm-title\">A retry storm &amp; its cures</title>"));
    assert!(svg.contains("<desc id=\"retry-storm-desc\">"));
    assert!(svg.trim_end().ends_with("</svg>"));
    assert_eq!(svg.matches("<g").count(), svg.matches("</g>").count());
}

#[test]
fn no_text_is_empty_small_or_followed_by_a_blank_line() {
    for columns in 1..=4 {
        let svg = svg(columns);
        assert!(svg.lines().all(|l| !l.trim().is_empty()), "a blank line ends an HTML block in Markdown");
        for text in elements(&svg, "text") {
            assert!(text.ends_with("</text>") && !text.contains("></text>"), "{text}");
            assert!(number(text, "font-size").unwrap() >= 48.0, "{text}");
        }
    }
}

#[test]
fn every_panel_says_where_it_is_and_what_it_spans() {
    let svg = svg(4);
    let panels: Vec<&str> = elements(&svg, "g").into_iter().filter(|g| g.contains("class=\"panel\"")).collect();
    assert_eq!(panels.len(), 4 * synthetic::rows().len());
    for panel in panels {
        for name in ["data-panel", "data-variant", "data-row", "data-scale", "data-unit"] {
            assert!(attribute(panel, name).is_some_and(|v| !v.is_empty()), "{name} in {panel}");
        }
        let value = |name| number(panel, name).unwrap_or_else(|| panic!("{name} in {panel}"));
        assert!(value("data-x0") < value("data-x1") && value("data-y0") < value("data-y1"), "{panel}");
        assert_eq!((value("data-t0"), value("data-t1")), (0.0, 120.0), "{panel}");
        assert!(value("data-ymin") < value("data-ymax"), "{panel}");
    }
}

#[test]
fn panels_of_a_row_share_their_domain_and_height() {
    let svg = svg(4);
    for row in ["goodput-orders", "latency-orders", "heap"] {
        let of_row = format!("data-row=\"{row}\"");
        let panels: Vec<_> = elements(&svg, "g").into_iter().filter(|g| g.contains(&of_row)).collect();
        let shared =
            |g: &str| ["data-ymin", "data-ymax", "data-y0", "data-y1"].map(|n| attribute(g, n).map(str::to_owned));
        assert_eq!(panels.len(), 4);
        assert!(panels.iter().all(|g| shared(g) == shared(panels[0])), "{row}");
    }
}

#[test]
fn everything_lies_within_the_view_box() {
    for columns in 1..=4 {
        let svg = svg(columns);
        let (width, height) = size(&svg);
        for element in ["text", "line", "polyline", "polygon", "rect"].iter().flat_map(|tag| elements(&svg, tag)) {
            for (x, y) in places(element) {
                assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "{columns} columns: {element}");
            }
        }
    }
}

#[test]
fn a_variant_without_the_series_has_an_empty_panel() {
    assert_eq!(svg(4).matches("not in this design").count(), 3);
}

#[test]
fn a_fault_is_told_once_for_neighbours_that_share_it() {
    assert_eq!(svg(4).matches("inventory: slow CPU").count(), 1);
    let mut reports = synthetic::reports();
    reports[1][0].faults.push(FaultWindow {
        name: "order: crash".to_owned(),
        from_us: 90_000_000,
        until_us: 91_000_000,
    });
    let svg = render(&synthetic::figure(&reports, 4, synthetic::rows())).unwrap();
    assert_eq!(svg.matches(">inventory:").count(), 3);
    assert_eq!(svg.matches("crash,").count(), 1);
}

#[test]
fn more_than_four_columns_are_wrapped_and_keep_their_domains() {
    let reports = synthetic::reports();
    let mut figure = synthetic::figure(&reports, 4, synthetic::rows());
    figure.columns.extend(figure.columns.clone());
    let svg = render(&figure).unwrap();
    let of_row: Vec<&str> =
        elements(&svg, "g").into_iter().filter(|g| g.contains("data-row=\"goodput-orders\"")).collect();
    let count =
        |name: &str| of_row.iter().filter_map(|g| attribute(g, name)).collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!((of_row.len(), count("data-x0"), count("data-y0"), count("data-ymax")), (8, 4, 2, 1));
    assert_eq!(size(&svg).0, 740.0 * 4.0);
}

#[test]
fn a_band_says_of_what_it_has_nothing() {
    let reports = synthetic::reports();
    let mut figure = synthetic::figure(&reports, 4, synthetic::rows());
    figure.columns = [2, 2, 2, 0, 0, 0].map(|n| figure.columns[n].clone()).to_vec();
    let svg = render(&figure).unwrap();
    assert_eq!(svg.matches("Nothing here of: ").count(), 1);
}

#[test]
fn a_dark_figure_is_the_same_drawing_in_other_colours() {
    let light = svg(4);
    let dark = gridlock_figures::dark(&light);
    let colours = |svg: &str| {
        let quoted = svg.split('"').filter(|part| part.starts_with('#'));
        quoted.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(colours(&light).is_disjoint(&colours(&dark)), "{:?}", colours(&light));
    assert_eq!(colours(&light).len(), colours(&dark).len());
    assert_eq!(light.len(), dark.len());
}

#[test]
fn an_unknown_series_is_refused_with_the_nearest_one() {
    let reports = synthetic::reports();
    let row = Row::Counts { title: "Retries".to_owned(), series: vec!["order->inventry/retries".to_owned()] };
    let error = render(&synthetic::figure(&reports, 2, vec![row])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row `Retries` names series `order->inventry/retries`, which is in no column; did you mean \
         `order->inventory/retries`?"
    );
}

#[test]
fn an_unknown_class_is_refused() {
    let reports = synthetic::reports();
    let error = render(&synthetic::figure(&reports, 1, vec![Row::Goodput { class: "order".to_owned() }])).unwrap_err();
    assert!(error.to_string().ends_with("did you mean `orders`?"), "{error}");
}

#[test]
fn a_gauge_is_no_count() {
    let reports = synthetic::reports();
    let row = Row::Counts { title: "Pool".to_owned(), series: vec!["order.db/pool.used".to_owned()] };
    let error = render(&synthetic::figure(&reports, 1, vec![row])).unwrap_err();
    assert!(matches!(error, FigureError::Unit { .. }), "{error}");
}

#[test]
fn nothing_to_draw_is_refused() {
    let reports = synthetic::reports();
    let refused = |columns, rows| render(&synthetic::figure(&reports, columns, rows)).is_err();
    assert!(refused(1, vec![]));
    assert!(refused(0, vec![Row::Goodput { class: "orders".to_owned() }]));
}

#[test]
fn a_scenario_file_chooses_rows() {
    let text = r#"{"gauges": {"title": "Pool", "series": ["order.db/pool.used"], "capacity": 10}}"#;
    let row: Row = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::from_str::<Row>(&serde_json::to_string(&row).unwrap()).unwrap(), row);
    assert!(serde_json::from_str::<Row>(r#"{"goodput": {"class": "orders", "colour": "red"}}"#).is_err());
}

#[test]
fn a_figure_can_be_broken_between_its_bands() {
    let reports = synthetic::reports();
    let mut figure = synthetic::figure(&reports, 4, synthetic::rows());
    let one = render(&figure).unwrap();
    assert!(matches!(&bands_of(&one)[..], [whole] if *whole == (0..size(&one).1 as i32)));
    figure.columns.extend(figure.columns.clone());
    let two = render(&figure).unwrap();
    let bands = bands_of(&two);
    let [first, second] = &bands[..] else { panic!("{bands:?}") };
    assert_eq!((first.start, second.end), (0, size(&two).1 as i32));
    // Nothing lies between the two, and something at either side.
    let heights: Vec<i32> = elements(&two, "text").into_iter().flat_map(places).map(|(_, y)| y as i32).collect();
    assert!(heights.iter().all(|y| *y <= first.end || *y >= second.start), "{bands:?}");
    assert!(heights.iter().any(|y| first.contains(y)) && heights.iter().any(|y| second.contains(y)), "{bands:?}");
}
