//! G1, G2: one event loop is M/G/1, a worker pool is M/G/c.

use std::cell::RefCell;
use std::rc::Rc;

use gridlock_sim::dist::Dist;
use gridlock_sim::engine::{self, Actor, Sim, SimDuration, SimTime, Stream};
use gridlock_sim::process::{Process, ProcessSpec, Workers, WorkersSpec};
use gridlock_sim::trace::Trace;

use super::estimate::{Batches, Mean};
use super::{Bound, Check, Effort, Row};

/// The mean service time, S: 10 ms. Nothing depends on it.
const SERVICE: SimDuration = SimDuration::from_millis(10);

/// What serves.
#[derive(Clone, Copy)]
enum Server {
    /// An event loop.
    Loop,
    /// A pool of so many workers.
    Pool(u32),
}

/// A queue under Poisson arrivals.
#[derive(Clone, Copy)]
struct Queue {
    server: Server,
    service: Dist,
    /// Utilisation in hundredths.
    rho: u64,
    /// Customers who are watched.
    count: u64,
}

pub(super) fn checks(effort: Effort) -> Vec<Check> {
    // Customers for a half width of about 1 % at this utilisation: the asymptotic variance grows with 1/(1-rho)^2 (Whitt 1989).
    let full = [(50, 400_000), (80, 2_000_000), (90, 6_000_000), (95, 20_000_000)];
    let quick = [(50, 40_000), (80, 200_000)];
    let (loads, wide) = match effort {
        Effort::Full => (&full[..], 2.0),
        Effort::Quick => (&quick[..], 8.0),
    };
    let mut checks = Vec::new();
    for &(rho, count) in loads {
        checks.push(Check::new(cost(count), move || single(rho, count, wide)));
        checks.push(Check::new(cost(count / 3), move || constant(rho, count / 3, wide)));
    }
    let pools: &[(u32, u64, u64)] = match effort {
        Effort::Full => &[(2, 80, 1_500_000), (4, 80, 1_500_000), (8, 80, 1_500_000), (10, 95, 10_000_000)],
        Effort::Quick => &[(4, 80, 100_000)],
    };
    checks.extend(pools.iter().map(|&(c, rho, count)| Check::new(cost(count), move || several(c, rho, count, wide))));
    checks
}

fn cost(count: u64) -> u32 {
    (count / 20_000) as u32
}

/// M/M/1: W = S/(1-rho), and the time in system is exponential.
fn single(rho: u64, count: u64, wide: f64) -> Vec<Row> {
    let found = Queue { server: Server::Loop, service: Dist::Exponential(SERVICE), rho, count }.play();
    let theory = 1.0 / (1.0 - rho as f64 / 100.0);
    let tail = format!("M/M/1, ρ {}: p99 / W", share(rho));
    vec![
        row("G1", format!("M/M/1, ρ {}: W", share(rho)), theory, found.0, wide),
        Row::new("G1", tail, libm::log(100.0), found.1).bound(Bound::Percent(wide)),
    ]
}

/// M/D/1 after Pollaczek and Khinchine: W = S (1 + rho / (2 (1-rho))).
fn constant(rho: u64, count: u64, wide: f64) -> Vec<Row> {
    let found = Queue { server: Server::Loop, service: Dist::Constant(SERVICE), rho, count }.play();
    let load = rho as f64 / 100.0;
    let theory = 1.0 + load / (2.0 * (1.0 - load));
    vec![row("G1", format!("M/D/1, ρ {}: W", share(rho)), theory, found.0, wide)]
}

/// M/M/c after Erlang: W = S + C S / (c (1-rho)).
fn several(c: u32, rho: u64, count: u64, wide: f64) -> Vec<Row> {
    let found = Queue { server: Server::Pool(c), service: Dist::Exponential(SERVICE), rho, count }.play();
    let load = rho as f64 / 100.0;
    let theory = 1.0 + erlang_c(c, load * f64::from(c)) / (f64::from(c) * (1.0 - load));
    vec![row("G2", format!("M/M/{c}, ρ {}: W", share(rho)), theory, found.0, wide)]
}

/// The probability that all `c` servers are busy when `a` are on average.
fn erlang_c(c: u32, a: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 0..c {
        sum += term;
        term *= a / f64::from(k + 1);
    }
    let full = term * f64::from(c) / (f64::from(c) - a);
    full / (sum + full)
}

fn share(rho: u64) -> f64 {
    rho as f64 / 100.0
}

fn row(source: &'static str, quantity: String, theory: f64, found: Mean, wide: f64) -> Row {
    Row::new(source, quantity, theory, found.value).unit("S").half_width(found.half_width).bound(Bound::Percent(wide))
}

impl Queue {
    /// The mean time in system, in units of S, and the 99th percentile in units of that mean.
    fn play(self) -> (Mean, f64) {
        let workers = match self.server {
            Server::Loop => 1,
            Server::Pool(workers) => workers,
        };
        let gap = SimDuration::from_nanos(SERVICE.as_nanos() * 100 / self.rho / u64::from(workers));
        let end = SimTime::ZERO + gap * (self.count + self.count / 100); // a little longer, so that all are there
        engine::run(self.rho + u64::from(workers), end, move |sim| {
            let stays = Rc::new(RefCell::new(Batches::new(self.count)));
            let driver = Driver {
                sim: sim.clone(),
                gap: Dist::Exponential(gap),
                service: self.service,
                gaps: RefCell::new(sim.stream("queue/gaps")),
                services: RefCell::new(sim.stream("queue/services")),
                take: self.server.build(sim),
                stays: stays.clone(),
            };
            sim.fire_at(SimTime::ZERO, Rc::new(driver), 0);
            move || (in_services(stays.borrow().mean()), stays.borrow().p99_of_mean())
        })
    }
}

/// From microseconds to S.
fn in_services(mean: Mean) -> Mean {
    let service = SERVICE.as_micros() as f64;
    Mean { value: mean.value / service, half_width: mean.half_width / service }
}

type Take = Box<dyn Fn(SimDuration, Box<dyn FnOnce()>)>;

impl Server {
    fn build(self, sim: &Sim) -> Take {
        let trace = Trace::new(sim);
        match self {
            Server::Loop => {
                let process = Process::new(sim, &trace, "loop", ProcessSpec::default());
                process.start();
                Box::new(move |demand, leave| process.readable(demand, leave))
            }
            Server::Pool(workers) => {
                let pool = Workers::new(sim, &trace, "pool", WorkersSpec { workers, queue: None });
                Box::new(move |demand, leave| pool.submit(demand, move |_| leave()))
            }
        }
    }
}

/// Arrivals as a self-renewing event.
struct Driver {
    sim: Sim,
    gap: Dist,
    service: Dist,
    gaps: RefCell<Stream>,
    services: RefCell<Stream>,
    take: Take,
    stays: Rc<RefCell<Batches>>,
}

impl Actor for Driver {
    fn fire(self: Rc<Self>, _: u64) {
        let (came, me) = (self.sim.now(), self.clone());
        let demand = self.service.sample(&mut self.services.borrow_mut());
        let leave = move || me.stays.borrow_mut().add(me.sim.now().since(came).as_micros());
        (self.take)(demand, Box::new(leave));
        let next = came + self.gap.sample(&mut self.gaps.borrow_mut());
        self.sim.fire_at(next, self.clone(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the model reference.
    #[test]
    fn erlang_c_has_its_published_values() {
        for (c, rho, expected) in [(2, 0.8, 0.7111), (4, 0.8, 0.5964), (8, 0.8, 0.4576), (10, 0.95, 0.8256)] {
            let found = erlang_c(c, rho * f64::from(c));
            assert!((found - expected).abs() < 0.00005, "{c} at {rho}: {found}");
        }
    }
}
