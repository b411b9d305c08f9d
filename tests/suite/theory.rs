//! Goal: the whole stack obeys the arithmetic that the lessons teach. Method: scenarios are played with overrides, and what was
//! measured is compared with the formula, not with an earlier measurement.

use gridlock_figures::FigureSpec;
use gridlock_scenarios::run::{Run, run};
use gridlock_scenarios::spec::Scenario;
use gridlock_scenarios::world::WorldSpec;
use gridlock_sim::report::metrics;
use gridlock_tests::catalogue::Story;
use gridlock_tests::lines::of_kind;

fn metric(run: &Run, key: &str) -> u64 {
    let flat = metrics(&run.report, gridlock_sim::engine::SimDuration::ZERO);
    flat.get(key).copied().unwrap_or_else(|| panic!("no {key} in {flat:#?}"))
}

/// Little 1961: pending = rate x latency.
#[test]
fn calls_pending_are_rate_times_latency() {
    let story = Story::new("slow-dependency", "slow");
    for (wait, seconds) in [("500ms", 0.5), ("2s", 2.0), ("4s", 4.0)] {
        let wait = format!("world.chain.last.wait={{ constant = \"{wait}\" }}");
        let run = story.play(&[&wait, "duration=60s"], false);
        let pending = metric(&run, "peak.caller->callee/calls.pending") as f64;
        let expected = 100.0 * seconds;
        assert!((expected..=expected + 3.0).contains(&pending), "{pending} pending, 100/s x {seconds} s = {expected}");
    }
}

/// A chain whose last service is down: every layer tries `attempts` times.
fn refusing(layers: usize, attempts: u32) -> Run {
    let names = ["a", "b", "c", "d"].map(|name| format!("\"{name}\""));
    let (services, last) = (names[..=layers].join(", "), &names[layers]);
    let text = format!(
        "title = \"t\"\nsummary = \"s\"\nduration = \"60s\"\n[world.chain]\nservices = [{services}]\n\
         [world.chain.each.client]\nretry_loop = {{ attempts = {attempts}, backoff = {{ initial = \"10ms\" }} }}\n\
         [world.chain.last.process.restart]\nboot = \"1h\"\nbackoff_initial = \"1h\"\nbackoff_max = \"1h\"\n\
         [[workload]]\nclass = \"requests\"\n\
         arrivals = {{ steps = [{{ at = \"2s\", rate = 2 }}, {{ at = \"22s\", rate = 0 }}] }}\n\
         [[fault]]\nat = \"1s\"\ninject = {{ crash = {{ node = {last} }} }}\n"
    );
    let scenario: Scenario<WorldSpec, FigureSpec> =
        Scenario::parse("refusing.toml", &text).unwrap_or_else(|error| panic!("{}", error.render()));
    run(&scenario.spec, 3, false)
}

/// MODEL-REFERENCE.md G: attempts multiply over layers.
#[test]
fn attempts_multiply_over_the_layers_that_retry() {
    for (layers, attempts) in [(1, 3), (2, 3), (3, 3), (2, 4)] {
        let run = refusing(layers, attempts);
        let requests = run.report.classes["requests"].failed_total();
        assert!(requests > 20 && requests == run.report.classes["requests"].offered, "{requests} failed");
        let (from, to) = (["a", "b", "c"][layers - 1], ["b", "c", "d"][layers - 1]);
        let product = u64::from(attempts).pow(u32::try_from(layers).expect("a few"));
        let reached = run.report.total(&format!("{from}->{to}/attempts"));
        assert_eq!(reached, requests * product, "{attempts} attempts in {layers} layers");
        assert_eq!(run.report.total("retries"), requests * (product - 1), "all but the first are retries");
    }
}

/// A Poisson process: counts of equal windows have mean and variance rate x width; gaps have the standard deviation of their mean.
#[test]
fn arrivals_are_a_poisson_process() {
    let (rate, seconds) = (50, 400);
    let (length, arrivals) =
        (format!("duration={seconds}s"), format!("workload.requests.arrivals={{ poisson = {rate} }}"));
    let trace = Story::new("slow-dependency", "fast").trace(&[&length, "warmup=0s", &arrivals]);
    let times: Vec<u64> =
        of_kind(&trace, "arrived").filter(|line| line.text("class") == "requests").map(|line| line.at_ns()).collect();
    let mut counts = vec![0.0; seconds];
    times.iter().for_each(|at| counts[(at / 1_000_000_000) as usize] += 1.0);
    let (mean, variance) = moments(&counts);
    // Three standard errors: mean 50 +- 1.06, variance 50 +- 10.6.
    assert!((mean - 50.0).abs() < 1.06, "mean {mean}");
    assert!((variance - 50.0).abs() < 10.6, "variance {variance}");
    let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e9).collect();
    let (mean, variance) = moments(&gaps);
    assert!((mean * 50.0 - 1.0).abs() < 0.03 && (variance.sqrt() / mean - 1.0).abs() < 0.03, "{mean} {variance}");
}

#[test]
fn regular_arrivals_are_equally_far_apart() {
    let trace = Story::new("slow-dependency", "fast").trace(&["duration=45s"]);
    let arrived = of_kind(&trace, "arrived").filter(|line| line.text("class") == "requests");
    let times: Vec<u64> = arrived.map(|line| line.at_ns()).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 10_000_000), "100 a second are 10 ms apart");
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Without a bound nobody queues for slots, so pages pass; what queues are orders, and they grow as rate x time.
#[test]
fn without_bounds_pending_orders_grow_with_time_and_pages_pass() {
    let story = Story::new("cascade", "grpc");
    let bounded = story.play(&[], false);
    let roomy = [
        "world.shop.gateway.slots={ size = 100000 }",
        "world.shop.order.pool={ size = 100000 }",
        "world.shop.gateway.process={ heap = { limit = '1 GiB' } }",
        // Nobody reloads, so that each order is one call.
        "workload.orders={ class = 'orders', arrivals = { poisson = 30 }, patience = '8s' }",
    ];
    let unbounded = story.play(&roomy, false);
    assert!(metric(&bounded, "browse.ok_permille.during") < 900, "the bound starves pages");
    assert!(metric(&unbounded, "browse.ok_permille.during") >= 995, "without it they pass");
    let pending = |run: &Run, second: usize| run.report.series["order->inventory/calls.pending"].values[second];
    assert!(pending(&bounded, 65) <= 10, "the pool lets ten orders through");
    let since =
        |second: usize| -> u64 { unbounded.report.classes["orders"].offered_by_arrival[30..=second].iter().sum() };
    for second in [40, 50, 60] {
        let (found, came) = (pending(&unbounded, second), since(second));
        assert!(found <= came + 10, "{found} pending after {came} came");
        assert!(found * 10 >= came * 8, "{found} pending though {came} came: inventory answers five a second at best");
    }
}
