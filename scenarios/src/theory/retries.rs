//! G4, G5: attempts multiply over layers; a budget adds its share once.

use super::{Bound, Check, Effort, Row, play};
use crate::run::Run;

pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let deep: &[(usize, u32, &str)] = match effort {
        Effort::Full => &[(3, 4, "3 layers of 4 attempts"), (5, 3, "5 layers of 3 attempts")],
        Effort::Quick => &[(3, 4, "3 layers of 4 attempts")],
    };
    let mut checks: Vec<Check> = deep
        .iter()
        .map(|&(layers, attempts, what)| Check::new(100, move || vec![layered(layers, attempts, what)]))
        .collect();
    checks.push(Check::new(60, move || vec![budget(effort)]));
    checks
}

/// A chain whose last service is down from the second second on.
fn refusing(layers: usize, client: &str, rate: u32, seconds: u32) -> Run {
    let names: Vec<String> = (0..=layers).map(|nth| format!("'s{nth}'")).collect();
    let text = format!(
        "title = 't'\nsummary = 's'\nduration = '{}s'\n\
         [world.chain]\nservices = [{}]\n[world.chain.each]\ncpu = {{ constant = '0.1ms' }}\nclient = {{ {client} }}\n\
         [[workload]]\nclass = 'requests'\n\
         arrivals = {{ steps = [{{ at = '2s', rate = {rate} }}, {{ at = '{}s', rate = 0 }}] }}\n\
         [[fault]]\nat = '1s'\ninject = {{ down = {{ node = 's{layers}' }} }}\n",
        seconds + 60,
        names.join(", "),
        seconds + 2,
    );
    play(&text, 3)
}

/// Attempts that reach the last service for each request.
fn reached(run: &Run, layers: usize) -> f64 {
    let attempts = run.report.total(&format!("s{}->s{layers}/attempts", layers - 1));
    attempts as f64 / run.report.classes["requests"].offered as f64
}

fn layered(layers: usize, attempts: u32, what: &str) -> Row {
    let client = format!("retry_loop = {{ attempts = {attempts}, backoff = {{ initial = '10ms' }} }}");
    let run = refusing(layers, &client, 2, 20);
    let theory = u64::from(attempts).pow(layers as u32) as f64;
    let quantity = format!("attempts for one request through {what}");
    Row::new("G4", quantity, theory, reached(&run, layers)).bound(Bound::Percent(0.0))
}

/// Every call fails: without a budget three attempts are three times the load.
fn budget(effort: Effort) -> Row {
    let (rate, wide) = if effort == Effort::Full { (200, 0.5) } else { (20, 2.0) };
    let client = "retry_loop = { attempts = 3, backoff = { initial = '10ms' } }, budget = { percent = 10, burst = 10 }";
    let run = refusing(1, client, rate, 200);
    Row::new("G5", "load on a failing service, retries for 10 % of the calls", 1.1, reached(&run, 1))
        .unit("x")
        .bound(Bound::Percent(wide))
}
