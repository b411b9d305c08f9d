//! G15: dependencies in series multiply their availabilities; a queue takes its reader out of the product, for who is accepted.

use super::{Bound, Check, Effort, Row, play};

pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let rate = if effort == Effort::Full { 100 } else { 20 };
    vec![
        Check::new(200, move || vec![series(1, rate)]),
        Check::new(300, move || vec![series(3, rate)]),
        Check::new(200, || vec![queue()]),
    ]
}

/// Each dependency stands still for one second in a thousand, each at another time; who calls it then gets no answer in time.
fn series(dependencies: usize, rate: u32) -> Row {
    let names: Vec<String> = (0..=dependencies).map(|nth| format!("'s{nth}'")).collect();
    let faults = (1..=dependencies).map(|nth| {
        format!("[[fault]]\nat = '{}s'\nfor = '1s'\ninject = {{ pause = {{ node = 's{nth}' }} }}\n", nth * 200)
    });
    let text = format!(
        "title = 't'\nsummary = 's'\nduration = '1000s'\n[world.chain]\nservices = [{}]\n\
         each = {{ cpu = {{ constant = '0.1ms' }}, client = {{ deadline = '20ms', propagate = true }} }}\n\
         last = {{ cpu = {{ constant = '0.1ms' }} }}\n\
         [[workload]]\nclass = 'requests'\narrivals = {{ constant = {rate} }}\n{}",
        names.join(", "),
        faults.collect::<String>(),
    );
    let requests = &play(&text, 1).report.classes["requests"];
    let served = requests.ok as f64 / requests.offered as f64;
    let quantity = format!("served through {dependencies} in series, 99.9 % each");
    let theory = 0.999_f64.powi(dependencies as i32);
    Row::new("G15", quantity, theory * 100.0, served * 100.0).unit("%").bound(Bound::Within(0.01))
}

/// The reader of a topic is gone for a fifth of the time, and nobody who orders notices.
fn queue() -> Row {
    let run = play(
        "title = 't'\nsummary = 's'\nduration = '300s'\nwarmup = '35s'\n[world.stream.consumers]\ncpu = { constant = '50ms' }\n\
         [[workload]]\nclass = 'orders'\narrivals = { constant = 10 }\n\
         [[fault]]\nat = '40s'\nfor = '60s'\ninject = { down = { node = 'consumer-1' } }\n",
        1,
    );
    let orders = &run.report.classes["orders"];
    let during = 40..100;
    let (came, served): (u64, u64) =
        (orders.offered_by_arrival[during.clone()].iter().sum(), orders.ok_by_arrival[during].iter().sum());
    let quantity = "accepted while the reader behind the queue is gone";
    Row::new("G15", quantity, 100.0, served as f64 / came as f64 * 100.0).unit("%").bound(Bound::Within(0.01))
}
