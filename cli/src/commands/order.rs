//! `explain --order N`: what happened to one order, in every design.

use serde_json::Value;

use crate::args::ExplainArgs;
use crate::human::{Cell, ink, paint, span_us, table};
use crate::lab::{Lab, Request};
use crate::term::{Exit, Failure, Term};

/// One thing that happened to the order.
struct Step {
    at_us: u64,
    what: String,
    beside: String,
}

pub(crate) fn order(lab: &dyn Lab, args: &ExplainArgs, order: u64, term: &mut Term) -> Result<Exit, Failure> {
    let all = lab.explain(&args.scenario)?.variants.into_iter().map(|variant| variant.name);
    let variants: Vec<String> = if args.variants.is_empty() { all.collect() } else { args.variants.clone() };
    let mut told = false;
    for variant in &variants {
        // One at a time: a trace is large.
        let request = Request {
            scenario: args.scenario.clone(),
            seed: args.seed,
            variants: vec![variant.clone()],
            trace: true,
            ..Request::default()
        };
        let played = lab.play(&request, &mut |doing| term.progress(doing))?;
        term.progress_done();
        let trace = played.traces.first().map_or("", |(_, trace)| trace.as_str());
        let steps = steps(trace, order);
        told |= !steps.is_empty();
        term.data(&text(variant, &steps))?;
    }
    if told { Ok(Exit::AsClaimed) } else { Err(Failure::Usage(format!("nothing ever happened to an order {order}"))) }
}

/// What a trace says of an order: lines about its customer or with its id as key.
fn steps(trace: &str, order: u64) -> Vec<Step> {
    let needles = [format!("\"customer\":{order}"), format!("\"key\":{order}")];
    let mentions = |line: &&str| {
        let about = |needle: &String| line.split(needle.as_str()).skip(1).any(|rest| rest.starts_with([',', '}']));
        needles.iter().any(about)
    };
    trace.lines().filter(mentions).filter_map(|line| step(&serde_json::from_str(line).ok()?)).collect()
}

fn step(line: &Value) -> Option<Step> {
    let text = |key: &str| line[key].as_str().unwrap_or_default();
    let waited = || format!("after {}", span_us(line["waited"].as_u64().unwrap_or(0) / 1000));
    let (class, later) = (text("class"), text("class").ends_with(".e2e"));
    let (what, beside) = match text("kind") {
        "fact" => (fact(text("what"))?, String::new()),
        _ if !class.starts_with("orders") => return None,
        "arrived" if later => ("accepted: its journey begins", String::new()),
        "served" if later => ("processed to the end: the mail is out", waited()),
        "arrived" => ("the customer comes", String::new()),
        "pressed" if line["press"].as_u64() == Some(1) => ("presses the button", String::new()),
        "pressed" => ("presses it again", String::new()),
        "served" => ("is answered", waited()),
        "failed" => ("gets an error and leaves", format!("{}, {}", text("code"), waited())),
        "abandoned" => ("leaves without an answer", waited()),
        _ => return None,
    };
    Some(Step { at_us: line["at_ns"].as_u64()? / 1000, what: what.into(), beside })
}

/// The business facts that are about orders.
fn fact(what: &str) -> Option<&'static str> {
    Some(match what {
        "orders.placed" => "order writes it down",
        "orders.acknowledged" => "order is done with it",
        "stock.reserved" => "inventory sets its stock aside",
        "orders.duplicated" => "inventory has set it aside before: a duplicate",
        "orders.lost" => "it was acknowledged and can never be processed: lost",
        _ => return None,
    })
}

fn text(variant: &str, steps: &[Step]) -> String {
    let mut text = format!("{}\n", paint(ink::STRONG, variant));
    if steps.is_empty() {
        return text + "  nothing\n\n";
    }
    let row = |step: &Step| {
        let at = format!("{}.{:03} s", step.at_us / 1_000_000, step.at_us / 1000 % 1000);
        let at = Cell::new(at, ink::FAINT);
        vec![at, Cell::plain(step.what.clone()), Cell::new(step.beside.clone(), ink::FAINT)]
    };
    text += &table(2, &steps.iter().map(row).collect::<Vec<_>>());
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_the_order_are_told() {
        let trace = r#"{"at_ns":1000000000,"kind":"arrived","class":"orders","customer":7}
{"at_ns":1000000000,"kind":"arrived","class":"browse","customer":7}
{"at_ns":1500000000,"kind":"fact","what":"stock.reserved","key":7,"amount":1}
{"at_ns":1500000000,"kind":"fact","what":"stock.reserved","key":77,"amount":1}
{"at_ns":2000000000,"kind":"failed","class":"orders","customer":7,"code":"UNAVAILABLE","waited":1000000000}"#;
        let told: Vec<String> =
            steps(trace, 7).iter().map(|s| format!("{} {} {}", s.at_us, s.what, s.beside)).collect();
        assert_eq!(
            told,
            [
                "1000000 the customer comes ",
                "1500000 inventory sets its stock aside ",
                "2000000 gets an error and leaves UNAVAILABLE, after 1 s",
            ]
        );
    }
}
