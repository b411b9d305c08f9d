//! A service written against tokio's API, running beside models in one simulated world.
//!
//! `stock` below is ordinary tokio code: it spawns, sleeps, selects, and talks over tokio's channels. It knows nothing of simulations. On
//! madsim's engine it runs as a guest of a node; a model of a customer asks it for stock and waits. The node is killed and started
//! anew in between, and the guest goes down with it.
//!
//! **What is deterministic.** On one machine and build, everything you see: madsim schedules the guest from the run's seed, its
//! sleeps end in simulated time, and a second run with the same seed prints the same lines.
//!
//! **What is not.** The native engine cannot host a guest, so nothing can cross-check it. A guest that uses an unbiased
//! `select!`, iterates over a std `HashMap`, reads a clock that madsim does not replace or starts threads differs from run to run.
//! Times are exact to about a millisecond: madsim's clock moves at every poll and the models' clock may lead it.
#![expect(clippy::print_stdout, reason = "an example shows what happens")]
#![expect(clippy::disallowed_macros, reason = "a `biased` select polls in order and draws nothing")]

use std::cell::RefCell;
use std::rc::Rc;

use gridlock_sim::engine::{
    Engine, NodeId, Options, Receiver, Sender, Sim, SimDuration, SimTime, channel, race, run_with,
};

/// The service, as one would write it for production.
mod stock {
    use std::time::Duration;

    use tokio::sync::{mpsc, oneshot};

    /// One question: how many, and where to put the answer.
    pub(super) type Ask = (u32, oneshot::Sender<Result<u32, &'static str>>);

    /// Answers until nobody can ask any more. What takes too long is refused.
    pub(super) async fn serve(mut asks: mpsc::Receiver<Ask>) {
        let mut left = 5;
        while let Some((wanted, answer)) = asks.recv().await {
            let work = tokio::spawn(look_up(wanted));
            let found = tokio::select! {
                biased;
                found = work => found.map_err(|_| "the look-up died"),
                () = tokio::time::sleep(Duration::from_millis(50)) => Err("the look-up took too long"),
            };
            let reply = found.and_then(|wanted: u32| if wanted <= left { Ok(wanted) } else { Err("sold out") });
            left -= reply.unwrap_or(0);
            let _ = answer.send(reply);
        }
    }

    /// A database that is slow for large orders.
    async fn look_up(wanted: u32) -> u32 {
        tokio::time::sleep(Duration::from_millis(u64::from(wanted) * 10)).await;
        wanted
    }
}

/// Carries questions of models to the service and its answers back.
async fn doorman(mut questions: Receiver<u32>, answers: Sender<Result<u32, &'static str>>) {
    let (asks, inbox) = tokio::sync::mpsc::channel(8);
    tokio::spawn(stock::serve(inbox));
    while let Some(wanted) = questions.recv().await {
        let (answer, found) = tokio::sync::oneshot::channel();
        if asks.send((wanted, answer)).await.is_ok() {
            let _ = answers.send(found.await.unwrap_or(Err("the service is gone")));
        }
    }
}

/// Starts the service on its node; returns where to ask.
fn open(sim: &Sim, node: NodeId) -> (Sender<u32>, Receiver<Result<u32, &'static str>>) {
    let ((questions, at_door), (from_door, answers)) = (channel(8), channel(8));
    sim.host(node, doorman(at_door, from_door)).expect("madsim hosts guests");
    (questions, answers)
}

/// A model of a customer, and of an operator who restarts the service.
async fn customer(sim: Sim, service: NodeId, said: Rc<RefCell<Vec<String>>>) {
    let (mut questions, mut answers) = open(&sim, service);
    for wanted in [2, 2, 9, 3, 1] {
        if wanted == 3 {
            sim.kill(service);
            sim.restart(service);
            (questions, answers) = open(&sim, service);
        }
        let asked = sim.now();
        let _ = questions.send(wanted);
        let answer = match race(answers.recv(), sim.sleep(SimDuration::from_secs(1))).await {
            futures_util::future::Either::Left(Some(answer)) => format!("{answer:?}"),
            _ => "silence".into(),
        };
        let waited = sim.now().since(asked).as_millis();
        said.borrow_mut().push(format!("asked for {wanted}: {answer} after {waited} ms"));
    }
}

/// Plays the story; what the customer says.
fn play(seed: u64) -> Vec<String> {
    let options = Options { engine: Engine::Madsim, ties: None };
    run_with(options, seed, SimTime::from_secs(10), |sim| {
        let (service, home) = (sim.add_node("stock"), sim.add_node("customer"));
        let said = Rc::new(RefCell::new(Vec::new()));
        sim.spawn(home, customer(sim.clone(), service, said.clone()));
        move || said.take()
    })
}

fn main() {
    play(1).iter().for_each(|line| println!("{line}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_answers_models_and_starts_anew_with_its_node() {
        let said: Vec<String> = play(1).iter().map(|line| line.split(" after").next().unwrap_or(line).into()).collect();
        assert_eq!(
            said,
            [
                "asked for 2: Ok(2)",
                "asked for 2: Ok(2)",
                "asked for 9: Err(\"the look-up took too long\")",
                "asked for 3: Ok(3)", // its stock is full again after the restart
                "asked for 1: Ok(1)",
            ]
        );
    }

    #[test]
    fn a_seed_is_one_story() {
        assert_eq!(play(3), play(3));
    }

    #[test]
    fn the_native_engine_hosts_no_guests() {
        let hosted = run_with(Options::default(), 1, SimTime::ZERO, |sim| {
            let result = sim.host(sim.add_node("a"), async {});
            move || result
        });
        assert!(hosted.is_err());
    }
}
