//! Customers: they arrive by a rate, press the button, wait, press again, give up.
//!
//! Arrivals are drawn from one stream a class (`customers/<class>/arrivals`), whatever happens to the customers, so two
//! variants of a scenario meet the same people at the same times.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use futures_util::future::Either;

use crate::engine::{NodeId, Sim, SimDuration, SimTime, Stream, race};
use crate::trace::{Code, Event, Name, Trace};

/// Arrivals a second over time, in millionths: `(from, rate)`, in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateProfile(pub Vec<(SimTime, u64)>);

/// How arrivals are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Equal distances.
    Regular,
    /// A Poisson process.
    Poisson,
}

/// What a customer does while waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// Leaves this long after arriving; never without it.
    pub limit: Option<SimDuration>,
    /// Presses reload.
    pub reload: Option<Reload>,
}

/// How a customer presses reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reload {
    /// Waits this long for an answer before pressing again.
    pub after: SimDuration,
    /// Presses again on an error too.
    pub on_error: bool,
    /// Waits this long before pressing again after an error.
    pub delay: SimDuration,
    /// Reloads at most.
    pub times: u32,
}

/// One request of a customer: resolves with its end. Dropping it is leaving the page.
pub type Visit = Pin<Box<dyn Future<Output = Result<(), Code>>>>;

/// A class of customers.
pub struct Customers {
    /// Name of the class, e.g. `orders`.
    pub class: String,
    /// When they come.
    pub rate: RateProfile,
    /// How they are spaced.
    pub spacing: Spacing,
    /// What they put up with.
    pub patience: Patience,
    /// What they do: `(customer, press)`, both counted from 1.
    pub visit: Rc<dyn Fn(u64, u64) -> Visit>,
}

/// Lets customers of a class arrive on `node` until the run ends.
pub fn open_loop(sim: &Sim, trace: &Trace, node: NodeId, customers: Customers) {
    let mut draws = sim.stream(&format!("customers/{}/arrivals", customers.class));
    let class = trace.name(&customers.class);
    let shared = Rc::new(Shared { sim: sim.clone(), trace: trace.clone(), class, customers });
    sim.spawn(node, async move {
        let mut at = SimTime::ZERO;
        for customer in 1.. {
            let gap = match shared.customers.spacing {
                Spacing::Regular => 1.0,
                Spacing::Poisson => -libm::log(1.0 - draws.unit()),
            };
            let Some(next) = shared.customers.rate.advance(at, gap) else { return };
            at = next;
            shared.sim.sleep_until(at).await;
            let me = shared.clone();
            shared.sim.spawn(node, async move { me.shop(customer).await });
        }
    });
}

/// Keeps `clients` customers busy: each visits, thinks, and visits again. For tests against theory.
pub fn closed_loop(
    sim: &Sim,
    trace: &Trace,
    node: NodeId,
    customers: Customers,
    clients: u64,
    think: impl Fn(&mut Stream) -> SimDuration + 'static,
) {
    let class = trace.name(&customers.class);
    let think = Rc::new(think);
    let shared = Rc::new(Shared { sim: sim.clone(), trace: trace.clone(), class, customers });
    for client in 0..clients {
        let (me, think) = (shared.clone(), think.clone());
        let mut draws = sim.draws(&format!("customers/{}/think", me.customers.class)).at(client);
        sim.spawn(node, async move {
            for round in 0.. {
                let pause = think(&mut draws);
                me.sim.sleep(pause).await;
                me.shop(1 + client + round * clients).await;
            }
        });
    }
}

struct Shared {
    sim: Sim,
    trace: Trace,
    class: Name,
    customers: Customers,
}

/// Why a customer stopped waiting for one press.
enum Press {
    Answered(Result<(), Code>),
    Impatient,
}

impl Shared {
    async fn shop(&self, customer: u64) {
        let class = self.class;
        let arrived = self.sim.now();
        self.trace.emit(Event::Arrived { class, customer });
        let leaves = self.customers.patience.limit.map(|limit| arrived + limit);
        let mut press = 1;
        let event = loop {
            self.trace.emit(Event::Pressed { class, customer, press });
            let outcome = self.press(customer, press, leaves).await;
            let waited = self.sim.now().since(arrived);
            match outcome {
                Press::Answered(Ok(())) => break Event::Served { class, customer, waited },
                Press::Answered(Err(code)) if !self.try_again(press, true, leaves).await => {
                    break Event::Failed { class, customer, code, waited };
                }
                Press::Impatient if !self.try_again(press, false, leaves).await => {
                    break Event::Abandoned { class, customer, waited };
                }
                Press::Answered(Err(_)) | Press::Impatient => press += 1,
            }
        };
        self.trace.emit(event);
    }

    /// Waits for the answer to one press, as long as this customer will before reloading or leaving.
    async fn press(&self, customer: u64, press: u64, leaves: Option<SimTime>) -> Press {
        let visit = (self.customers.visit)(customer, press);
        let reload = self.customers.patience.reload.filter(|reload| press <= u64::from(reload.times));
        let until = match (reload.map(|reload| self.sim.now() + reload.after), leaves) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        };
        match until {
            None => Press::Answered(visit.await),
            Some(at) => match race(visit, self.sim.sleep_until(at)).await {
                Either::Left(answer) => Press::Answered(answer),
                Either::Right(()) => Press::Impatient,
            },
        }
    }

    /// Does the customer press again? Waits as long as they do before it.
    async fn try_again(&self, press: u64, after_error: bool, leaves: Option<SimTime>) -> bool {
        let Some(reload) = self.customers.patience.reload else { return false };
        if press > u64::from(reload.times) || after_error && !reload.on_error {
            return false;
        }
        let pause = if after_error { reload.delay } else { SimDuration::ZERO };
        let at = self.sim.now() + pause;
        if leaves.is_some_and(|leaves| at >= leaves) {
            return false;
        }
        self.sim.sleep_until(at).await;
        true
    }
}

impl RateProfile {
    /// The same rate for ever, in arrivals a second times a million.
    pub fn constant(micro_hertz: u64) -> Self {
        Self(vec![(SimTime::ZERO, micro_hertz)])
    }

    /// The time at which `amount` arrivals have been expected since `from`; `None` if that never happens.
    fn advance(&self, from: SimTime, amount: f64) -> Option<SimTime> {
        let (mut at, mut left) = (from, amount);
        loop {
            let index = self.0.iter().rposition(|(start, _)| *start <= at);
            let rate = index.map_or(0, |index| self.0[index].1) as f64 / 1e15; // arrivals a nanosecond
            let until = self.0.get(index.map_or(0, |index| index + 1)).map(|(start, _)| *start);
            if rate > 0.0 {
                let needed = left / rate;
                let done = needed < 1e18 && until.is_none_or(|until| needed < until.since(at).as_nanos() as f64);
                if done {
                    return Some(at + SimDuration::from_nanos(libm::round(needed) as u64));
                }
            }
            let until = until?;
            left -= rate * until.since(at).as_nanos() as f64;
            at = until;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_change_at_their_times() {
        let profile = RateProfile(vec![
            (SimTime::ZERO, 1_000_000),
            (SimTime::from_secs(10), 0),
            (SimTime::from_secs(20), 10_000_000),
        ]);
        assert_eq!(profile.advance(SimTime::from_secs(3), 1.0), Some(SimTime::from_secs(4)));
        // Half an arrival before the break, half after it at ten a second.
        let at = profile.advance(SimTime::from_millis(9500), 1.0).expect("a time");
        assert_eq!(at.as_nanos() / 1_000_000, 20_050);
        assert_eq!(RateProfile(vec![(SimTime::ZERO, 0)]).advance(SimTime::ZERO, 1.0), None);
    }
}
