//! Goal: further figures show every variant and refuse what was not measured. Method: made-up reports, looked at as text.

use std::collections::BTreeMap;

use super::synthetic;
use gridlock_figures::{Case, Extra, FigureError, Measure, MeasureOf, Show, extra};

fn drawn(show: Show) -> Result<String, FigureError> {
    let reports = synthetic::reports();
    let metrics = BTreeMap::from([("orders.lost".to_owned(), 44), ("orders.max_us".to_owned(), 1_250_000)]);
    let names = ["plain", "breaker"];
    let case = |(name, of): (&'static str, usize)| Case {
        name,
        title: "a design",
        report: &reports[of][0],
        metrics: &metrics,
    };
    let cases: Vec<Case> = names.into_iter().zip(0..).map(case).collect();
    let of = Extra { name: "more".into(), title: "More".into(), description: "Of it.".into(), show };
    extra("storm", &of, &cases)
}

fn table(key: &str) -> Show {
    let measure = |of| Measure { title: "lost".into(), of, bad: true };
    Show::Table {
        columns: vec![measure(MeasureOf::Metric(key.into())), measure(MeasureOf::LongestGap("orders".into()))],
    }
}

#[test]
fn every_variant_is_shown_with_its_values() {
    let svg = drawn(table("orders.lost")).unwrap();
    assert!(
        svg.contains("<title id=\"storm-more-title\">More</title>") && svg.contains("<desc id=\"storm-more-desc\">")
    );
    for text in [">plain<", ">breaker<"] {
        assert_eq!(svg.matches(text).count(), 1, "{text}");
    }
    assert_eq!(svg.matches(">44<").count(), 2);
    assert!(drawn(table("orders.max_us")).unwrap().contains(">1.3 s<"));
    let strip = drawn(Show::Gaps { class: "orders".into() }).unwrap();
    assert_eq!(strip.matches(" silent<").count(), 2);
}

#[test]
fn what_was_not_measured_is_refused() {
    assert!(drawn(table("orders.gone")).is_err());
    assert!(drawn(Show::Gaps { class: "visits".into() }).is_err());
    assert!(drawn(Show::Scaling { class: "orders".into(), group: "nobody".into() }).is_err());
    assert!(drawn(Show::Amplification { class: "visits".into(), callee: "back".into(), attempts: 3 }).is_err());
}

#[test]
fn attempts_are_counted_for_each_request_after_the_fault() {
    let svg = drawn(Show::Amplification { class: "orders".into(), callee: "inventory".into(), attempts: 3 }).unwrap();
    assert!(svg.contains("plain ") && svg.contains("layers that retry"), "{svg}");
}
