//! G4, G5: attempts multiply over layers; a budget adds its share once, adaptive throttling leaves K attempts for each accepted.

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
    checks.push(Check::new(60, move || adaptive(effort)));
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

/// Service time of the server below, in milliseconds.
const SERVICE_MS: u32 = 25;

/// A server with room for one call that refuses the others: of Poisson attempts at rate x it accepts x / (1 + x S), whatever the
/// distribution of S (Erlang's loss formula). In the steady state of adaptive throttling x = K · accepts, so x = (K − 1) / S, and the
/// probability of being kept back is 1 − x / rate. Where customers ask for less, nothing is kept back.
fn adaptive(effort: Effort) -> Vec<Row> {
    let (seconds, wide) = if effort == Effort::Full { (3000, 3.0) } else { (500, 6.0) };
    let cases: &[(u32, u32)] =
        if effort == Effort::Full { &[(100, 200), (100, 150), (30, 200)] } else { &[(100, 200)] };
    cases.iter().map(|&case| throttled(case, seconds, wide)).collect()
}

fn throttled((rate, multiplier_percent): (u32, u32), seconds: u32, wide: f64) -> Row {
    let text = format!(
        "title = 't'\nsummary = 's'\nduration = '{}s'\n[world.chain]\nservices = ['front', 'back']\n\
         [world.chain.each]\ncpu = {{ constant = '0.1ms' }}\n\
         client = {{ adaptive_throttling = {{ multiplier_percent = {multiplier_percent} }} }}\n\
         [world.chain.last]\ncpu = {{ constant = '0 s' }}\nwait = {{ constant = '{SERVICE_MS}ms' }}\n\
         server = {{ cpu_per_call = '0 s', concurrency_limit = 1 }}\n\
         [[workload]]\nclass = 'requests'\narrivals = {{ poisson = {rate} }}\n",
        seconds + SETTLED_S,
    );
    let attempts = &play(&text, 5).report.series["front->back/attempts"].values[SETTLED_S as usize..];
    let found = attempts.iter().sum::<u64>() as f64 / attempts.len() as f64;
    let k = f64::from(multiplier_percent) / 100.0;
    let theory = f64::from(rate).min((k - 1.0) / f64::from(SERVICE_MS) * 1000.0);
    let what = format!("attempts of {rate}/s under adaptive throttling, K = {k}, S = {SERVICE_MS} ms, room for one");
    Row::new("G5", what, theory, found).unit("/s").bound(Bound::Percent(wide))
}

/// Two windows, after which the beginning is forgotten.
const SETTLED_S: u32 = 240;
