//! Goal: queueing theory comes out (MODEL-REFERENCE.md G1–G3), and so do the measured latencies under load (EXP-7). Method: a Poisson
//! driver with fixed seeds, long runs, tolerances of a few per cent.

use super::*;
use crate::dist::Dist;
use crate::engine::Stream;

/// Arrivals as a self-renewing event.
struct Driver {
    sim: Sim,
    gap: Dist,
    stream: RefCell<Stream>,
    arrive: Box<dyn Fn(&mut Stream)>,
}

impl Actor for Driver {
    fn fire(self: Rc<Self>, _: u64) {
        let mut stream = self.stream.borrow_mut();
        (self.arrive)(&mut stream);
        let next = self.sim.now() + self.gap.sample(&mut stream);
        self.sim.fire_at(next, self.clone(), 0);
    }
}

fn drive(sim: &Sim, label: &str, gap: Dist, arrive: impl Fn(&mut Stream) + 'static) {
    let stream = RefCell::new(sim.stream(label));
    let driver = Driver { sim: sim.clone(), gap, stream, arrive: Box::new(arrive) };
    sim.fire_at(SimTime::ZERO, Rc::new(driver), 0);
}

/// Sojourn times as sums and, over the run, the integral of the number present.
#[derive(Clone, Default)]
struct Stay(Rc<RefCell<Counts>>);

#[derive(Default)]
struct Counts {
    spans: Vec<u64>,
    present: u64,
    area: f64,
    changed: SimTime,
}

impl Stay {
    fn step(&self, now: SimTime, change: i64) {
        let mut counts = self.0.borrow_mut();
        counts.area += counts.present as f64 * now.since(counts.changed).as_secs_f64();
        counts.changed = now;
        counts.present = counts.present.checked_add_signed(change).expect("nobody leaves twice");
    }

    /// Someone arrives; call the result when they leave.
    fn enter(&self, sim: &Sim) -> impl FnOnce() + 'static + use<> {
        let (stay, sim, came) = (self.clone(), sim.clone(), sim.now());
        stay.step(came, 1);
        move || {
            stay.step(sim.now(), -1);
            stay.0.borrow_mut().spans.push(sim.now().since(came).as_nanos());
        }
    }

    fn mean_ms(&self) -> f64 {
        let counts = self.0.borrow();
        counts.spans.iter().sum::<u64>() as f64 / counts.spans.len() as f64 / 1e6
    }

    fn percentile_ms(&self, percent: usize) -> f64 {
        let mut counts = self.0.borrow_mut();
        counts.spans.sort_unstable();
        counts.spans[counts.spans.len() * percent / 100] as f64 / 1e6
    }

    /// Little: `L` measured over `λ·W`.
    fn little(&self) -> f64 {
        let counts = self.0.borrow();
        let work = counts.spans.iter().sum::<u64>() as f64 / 1e9;
        counts.area / work
    }
}

fn near(value: f64, expected: f64, percent: f64) {
    let off = (value / expected - 1.0).abs() * 100.0;
    assert!(off <= percent, "{value:.3} is {off:.1} % off {expected:.3}, allowed are {percent} %");
}

/// A process under Poisson load of `service`, mean 10 ms, at `rho` thousandths; how long calls stayed.
fn loop_stay(service: Dist, rho: u64, secs: u64, read: impl FnOnce(&Stay) -> Vec<f64> + Send) -> Vec<f64> {
    engine::run(7, SimTime::from_secs(secs), move |sim| {
        let stay = Stay::default();
        let process = Process::new(sim, &Trace::new(sim), "loop", ProcessSpec::default());
        process.start();
        let (sim, seen) = (sim.clone(), stay.clone());
        let gap = SimDuration::from_nanos(10_000_000 * 1000 / rho);
        drive(&sim.clone(), "load", Dist::Exponential(gap), move |stream| {
            process.readable(service.sample(stream), seen.enter(&sim));
        });
        move || read(&stay)
    })
}

/// G1: W = S/(1−ρ) = 5 S at ρ = .8, p99 = 4.6 W; G3: L = λW.
#[test]
fn the_loop_is_an_mm1_queue_for_exponential_callbacks() {
    let found = loop_stay(Dist::Exponential(ms(10)), 800, 5000, |s| vec![s.mean_ms(), s.percentile_ms(99), s.little()]);
    near(found[0], 50.0, 6.0);
    near(found[1], 230.0, 10.0);
    near(found[2], 1.0, 1.0);
}

/// Pollaczek and Khinchine for constant callbacks (G1's M/G/1): W = S·(1 + ρ/(2(1−ρ))) = 3 S at ρ = .8.
#[test]
fn the_loop_is_an_md1_queue_for_constant_callbacks() {
    let found = loop_stay(Dist::Constant(ms(10)), 800, 5000, |s| vec![s.mean_ms()]);
    near(found[0], 30.0, 4.0);
}

/// G2, Erlang C at ρ = .8: W = 2.778 S with two workers and 1.745 S with four.
#[test]
fn workers_follow_erlang_c() {
    for (count, expected) in [(2, 27.78), (4, 17.45)] {
        let mean = engine::run(3, SimTime::from_secs(4000), move |sim| {
            let stay = Stay::default();
            let spec = WorkersSpec { workers: count, queue: None };
            let workers = Workers::new(sim, &Trace::new(sim), "db", spec);
            let (clock, seen, service) = (sim.clone(), stay.clone(), Dist::Exponential(ms(10)));
            let gap = SimDuration::from_nanos(12_500_000 / u64::from(count));
            drive(sim, "load", Dist::Exponential(gap), move |stream| {
                let leave = seen.enter(&clock);
                workers.submit(service.sample(stream), move |_| leave());
            });
            move || stay.mean_ms()
        });
        near(mean, expected, 3.0);
    }
}

/// G3: 200 calls a second that each hang for 30 s are 6000 pending calls, 84 MB at 14 kB each, in a loop that stays free.
#[test]
fn hanging_calls_fill_the_heap_but_not_the_loop() {
    let (bytes, worst) = engine::run(5, SimTime::from_secs(61), move |sim| {
        let process = Process::new(sim, &Trace::new(sim), "middle", ProcessSpec::default());
        process.start();
        let (own, stay) = (process.clone(), Stay::default());
        let (clock, seen) = (sim.clone(), stay.clone());
        drive(sim, "load", Dist::Exponential(ms(5)), move |_| {
            let (call, leave) = (own.clone(), seen.enter(&clock));
            own.readable(SimDuration::from_micros(100), leave);
            own.spawn(async move {
                let _held = call.hold(14_000);
                call.sleep(SimDuration::from_secs(30)).await;
            });
        });
        let (held, reader) = (Rc::new(Cell::new(0)), process.clone());
        let writer = held.clone();
        sim.call_at(SimTime::from_secs(60), move || writer.set(reader.heap_bytes() - (20 << 20)));
        move || (held.get(), stay.percentile_ms(99))
    });
    near(bytes as f64, 84e6, 4.0);
    assert!(worst < 1.0, "p99 {worst} ms");
}

/// EXP-7: with 1000 calls awaited, a trivial callback leaves within a millisecond (measured 0.4 ms, network included).
#[test]
fn awaiting_does_not_block_the_loop() {
    let script = |world: &World| {
        for _ in 0..1000 {
            let process = world.process.clone();
            world.process.spawn(async move { process.sleep(ms(5000)).await });
        }
        (0..40).for_each(|n| world.then(100 * n + 7, |process| process.readable(SimDuration::from_micros(50), || ())));
    };
    let worst = play_spec(ProcessSpec::default(), 4500, script, |world| world.waits().into_iter().max());
    assert_eq!(worst, Some(0));
}

/// Calls with `cpu` handlers that arrive after `gap` each, and trivial ones, on average one each 50 ms from `first` on.
struct Mix {
    cpu: SimDuration,
    gap: Dist,
    first: SimTime,
    end: SimTime,
}

/// When trivial calls ran, and when the answers of trivial and of heavy calls left, one turn late as those of grpc-js do.
#[derive(Clone, Default)]
struct Stays {
    ran: Stay,
    answered: Stay,
    heavy: Stay,
}

impl Mix {
    fn play(self, read: impl FnOnce(&Stays) -> Vec<f64> + Send) -> Vec<f64> {
        engine::run(11, self.end, move |sim| {
            let (stays, process) =
                (Stays::default(), Process::new(sim, &Trace::new(sim), "loop", ProcessSpec::default()));
            process.start();
            let (server, clock, heavy) = (process.clone(), sim.clone(), stays.heavy.clone());
            drive(sim, "load", self.gap, move |_| {
                let (own, leave) = (server.clone(), heavy.enter(&clock));
                server.readable(self.cpu, move || own.late(leave));
            });
            let (clock, seen) = (sim.clone(), stays.clone());
            sim.call_at(self.first, move || probe(&clock, process, seen));
            move || read(&stays)
        })
    }
}

fn probe(sim: &Sim, process: Process, stays: Stays) {
    let clock = sim.clone();
    drive(sim, "probe", Dist::Exponential(ms(50)), move |_| {
        let (own, run, leave) = (process.clone(), stays.ran.enter(&clock), stays.answered.enter(&clock));
        process.readable(SimDuration::from_micros(50), move || {
            run();
            own.late(leave);
        });
    });
}

fn every(nanos: u64) -> Dist {
    Dist::Constant(SimDuration::from_nanos(nanos))
}

/// EXP-7 measured a p99 of 20 ms at ρ = .6. Evenly spaced handlers give that: at most the rest of one handler is in the way; how that
/// experiment spaced its calls is not recorded. Poisson arrivals pile up: the M/D/1 wait has P(W > t) ≈ C·exp(−θt) with
/// θS = .947 and C = .731, a p99 of 90.6 ms. With answers a turn late the p99 doubles (182 ms: found, not derived).
#[test]
fn computing_blocks_trivial_calls() {
    let p99 = |gap| {
        let mix = Mix { cpu: ms(20), gap, first: SimTime::ZERO, end: SimTime::from_secs(1500) };
        mix.play(|stays| vec![stays.ran.percentile_ms(99), stays.answered.percentile_ms(99)])
    };
    let even = p99(every(33_333_333));
    near(even[0], 20.0, 3.0);
    near(even[1], 20.0, 3.0);
    let poisson = p99(Dist::Exponential(SimDuration::from_nanos(33_333_333)));
    near(poisson[0], 90.6, 5.0);
    near(poisson[1], 182.0, 8.0);
}

/// G16 before its fault: 60 calls a second, Poisson, 10 ms handlers, measured p99 102 ms, p50 43 ms with two more services in both.
/// The loop alone gives 112 and 21 ms, so the model's tail is somewhat too long; without the late turn it would be near 55 ms
/// (M/D/1), far too short. The p50 is found, not derived: it guards against change.
#[test]
fn answers_a_turn_late_come_near_a_measured_tail() {
    let gap = Dist::Exponential(SimDuration::from_nanos(16_666_667));
    let mix = Mix { cpu: ms(10), gap, first: SimTime::from_secs(3000), end: SimTime::from_secs(3000) };
    let found = mix.play(|stays| vec![stays.heavy.percentile_ms(50), stays.heavy.percentile_ms(99)]);
    near(found[0], 20.8, 10.0);
    near(found[1], 102.0, 15.0);
}

/// EXP-7: at ρ = 1.2, after 3 s, one trivial call took 1.4 s. The backlog grows by 0.2 s each second, so the callback runs after 0.6 s;
/// what arrives meanwhile is the next turn, and the answer leaves behind that. Turns of an overloaded loop grow, so the
/// answer's time is a saw-tooth: 1.1–2.1 s around 3 s, the measured value among them.
#[test]
fn an_overloaded_loop_answers_behind_its_backlog_and_one_turn_more() {
    for first in [2400, 2600, 2800, 3000, 3200] {
        let mix = Mix { cpu: ms(20), gap: every(16_666_667), first: at(first), end: SimTime::from_secs(12) };
        let one = |stay: &Stay| stay.0.borrow().spans[0] as f64 / 1e6;
        let found = mix.play(|stays| vec![one(&stays.ran), one(&stays.answered)]);
        near(found[0], first as f64 / 5.0, 1.0);
        assert!((1000.0..2200.0).contains(&found[1]), "{first}: {} ms", found[1]);
    }
}
