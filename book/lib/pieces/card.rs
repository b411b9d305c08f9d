//! The card of a scenario: its question, who comes, what breaks, which designs meet it, and what came out.

use gridlock_scenarios::format::span_us;
use gridlock_scenarios::spec::{Arrivals, Workload};

use crate::desk::{Fault, Story};
use crate::directive::{Place, Words};
use crate::html::{escape, one_line};
use crate::pieces::ledger::tested_by;

/// The card as one block of HTML. With `after NAME` its verdicts wait until the prediction of this name on the page is made.
pub(crate) fn card(place: &Place, words: &Words) -> Result<String, Fault> {
    let name = &words.from(0, "the scenario")?[0];
    let (wait, go) = words.after("{{card SCENARIO [after PREDICTION]}}")?.map_or_else(Default::default, verdicts_after);
    let story = place.desk.story(name)?;
    let outcome = place.desk.outcome(name)?;
    let spec = &story.spec;
    let mut rows = String::new();
    for variant in &outcome.variants {
        let verdict = variant.verdict.kind.text();
        let note = match &variant.expected {
            Some(expected) if expected != verdict => format!(" (expected {})", escape(expected)),
            _ => String::new(),
        };
        let (name, title, reason) = (escape(&variant.name), escape(&variant.title), escape(&variant.verdict.reason));
        rows += &format!(
            "<tr><th scope=\"row\"><code>{name}</code></th><td>{title}</td>\
             <td><span class=\"gl-verdict gl-{verdict}\" title=\"{reason}\">{verdict}</span>{note}</td></tr>\n"
        );
    }
    let broken = outcome.variants.iter().any(|variant| !variant.faults.is_empty());
    let mut facts = facts(story, outcome.seed, broken);
    let statements = tested_by(place, name, None);
    if !statements.is_empty() {
        facts.push(("tests", statements.join(" ")));
    }
    let facts = facts.into_iter().map(|(key, value)| format!("<dt>{key}</dt><dd>{value}</dd>\n"));
    let question = escape(&one_line(spec.question.as_deref().unwrap_or_default()));
    Ok(format!(
        "<section class=\"gl-card\" aria-label=\"Scenario {name}\">\n<p class=\"gl-question\">{question}</p>\n\
         <dl>\n{}</dl>\n<details><summary>The designs and their verdicts</summary>{wait}<div class=\"gl-scroll\"><table><tbody>\n{rows}</tbody></table></div>{go}</details>\n\
         <pre><code class=\"language-sh\">cargo lab run {name}</code></pre>\n</section>\n",
        facts.collect::<String>()
    ))
}

/// What stands before and behind a table whose verdicts are not to be seen yet.
fn verdicts_after(prediction: &str) -> (String, &'static str) {
    let begin = format!(
        "<gridlock-reveal class=\"gl-verdicts\" data-after=\"{}\" \
         data-cover=\"The verdicts wait for your prediction below. Show them all the same.\">",
        escape(prediction)
    );
    (begin, "</gridlock-reveal>")
}

/// `broken` says whether any design meets a fault.
fn facts(story: &Story, seed: u64, broken: bool) -> Vec<(&'static str, String)> {
    let spec = &story.spec;
    let time = |nanos: u64| span_us(nanos / 1000);
    let customers = spec.workload.iter().map(customers).collect::<Vec<_>>().join("; ");
    let mut faults: Vec<String> = Vec::new();
    for fault in &spec.fault {
        let end = fault.end().map_or("the end".into(), |end| time(end.as_nanos()));
        let nodes = fault.inject.nodes().iter().map(|node| node.get_ref().clone()).collect::<Vec<_>>().join(" → ");
        faults.push(format!(
            "{} {nodes}, {} to {end}",
            fault.inject.kind().replace('_', " "),
            time(fault.at.as_nanos())
        ));
    }
    let faults = match faults[..] {
        [] if broken => "set by the designs".into(),
        [] => "none".into(),
        _ => escape(&faults.join("; ")),
    };
    vec![
        ("customers", escape(&customers)),
        ("fault", faults),
        ("lasts", format!("{} of simulated time, seed {seed}", time(spec.duration.as_nanos()))),
    ]
}

fn customers(workload: &Workload) -> String {
    let per_second = |micro_hertz: u64| format!("{} a second", micro_hertz as f64 / 1e6);
    let rate = match &workload.arrivals {
        Arrivals::Constant(rate) => format!("{}, evenly", per_second(rate.micro_hertz())),
        Arrivals::Poisson(rate) => per_second(rate.micro_hertz()),
        Arrivals::Steps(steps) => {
            let rates = steps.iter().map(|step| per_second(step.rate.micro_hertz()));
            rates.collect::<Vec<_>>().join(", then ")
        }
        Arrivals::Burst { base, peak, .. } => {
            format!("{}, with a burst of {}", per_second(base.micro_hertz()), per_second(peak.micro_hertz()))
        }
        Arrivals::Closed { clients, .. } => format!("{clients} clients in a closed loop"),
    };
    format!("{} {rate}", workload.class.get_ref())
}
