//! Goal: the rules that every model relies on. Method: tiny worlds that write down what they see; each rule has one test.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::Either;

use super::*;

/// What happened, in order.
#[derive(Clone, Default)]
struct Diary(Rc<RefCell<Vec<String>>>);

impl Diary {
    fn note(&self, entry: impl Into<String>) {
        self.0.borrow_mut().push(entry.into());
    }

    fn read(&self) -> Vec<String> {
        self.0.take()
    }
}

/// Plays a second with a diary.
fn diary_of(build: impl FnOnce(&Sim, &Diary) + Send) -> Vec<String> {
    run(1, SimTime::from_secs(1), |sim| {
        let diary = Diary::default();
        build(sim, &diary);
        move || diary.read()
    })
}

/// Notes its name when it is dropped.
struct Dropped(&'static str, Diary);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.1.note(format!("drop {}", self.0));
    }
}

#[test]
fn tasks_that_wake_each_other_take_turns_in_the_order_of_their_requests() {
    let seen = diary_of(|sim, diary| {
        let (ping, mut pings) = channel::<u32>(4);
        let (pong, mut pongs) = channel::<u32>(4);
        let (left, right) = (sim.add_node("left"), sim.add_node("right"));
        let (one, other, bystander) = (diary.clone(), diary.clone(), diary.clone());
        sim.spawn(left, async move {
            for round in 0..2 {
                one.note(format!("ask {round}"));
                ping.send(round).expect("room");
                pongs.recv().await;
            }
        });
        sim.spawn(right, async move {
            while let Some(round) = pings.recv().await {
                other.note(format!("answer {round}"));
                let _ = pong.send(round);
            }
        });
        sim.spawn(left, async move { bystander.note("bystander") });
    });
    assert_eq!(seen, ["ask 0", "answer 0", "bystander", "ask 1", "answer 1"]);
}

#[test]
fn a_wake_is_an_event_and_never_a_direct_poll() {
    let seen = diary_of(|sim, diary| {
        let (notify, node) = (Notify::new(), sim.add_node("a"));
        for name in ["first", "second"] {
            let (diary, woken) = (diary.clone(), notify.notified());
            sim.spawn(node, async move {
                woken.await;
                diary.note(name);
            });
        }
        let (diary, at) = (diary.clone(), SimTime::from_millis(5));
        let (behind, mark) = (diary.clone(), diary.clone());
        sim.call_at(at, move || {
            notify.notify_all();
            diary.note("waker goes on");
        });
        sim.call_at(at, move || behind.note("asked for before the wake"));
        sim.call_at(SimTime::from_nanos(5_000_001), move || mark.note("a nanosecond later"));
    });
    let expected = ["waker goes on", "asked for before the wake", "first", "second", "a nanosecond later"];
    assert_eq!(seen, expected);
}

#[test]
fn sleeps_are_exact_to_the_nanosecond() {
    let nanos = [1, 999, 10_000, 999_999, 1_000_000, 1_000_001, 37_123_457];
    let woken: Vec<u64> = run(1, SimTime::from_secs(1), |sim| {
        let node = sim.add_node("a");
        let woken = Rc::new(RefCell::new(Vec::new()));
        for span in nanos.map(SimDuration::from_nanos) {
            let (me, woken) = (sim.clone(), woken.clone());
            sim.spawn(node, async move {
                me.sleep(span).await;
                me.sleep(span).await;
                woken.borrow_mut().push(me.now().as_nanos());
            });
        }
        move || woken.take()
    });
    assert_eq!(woken, nanos.map(|n| 2 * n));
}

#[test]
fn a_dropped_timer_leaves_nothing_behind() {
    let seen = diary_of(|sim, diary| {
        let (node, me, diary) = (sim.add_node("a"), sim.clone(), diary.clone());
        sim.spawn(node, async move {
            let (short, long) = (SimDuration::from_micros(10), SimDuration::from_millis(500));
            for _ in 0..1000 {
                assert!(matches!(race(me.sleep(short), me.sleep(long)).await, Either::Left(())));
            }
            assert_eq!(me.now(), SimTime::from_millis(10));
            diary.note("timers cancelled");
            std::future::pending::<()>().await;
        });
    });
    assert_eq!(seen, ["timers cancelled"], "no wake-up comes from a cancelled timer");
}

#[test]
fn a_cancelled_event_does_not_happen_and_a_past_one_cannot_be_cancelled() {
    let seen = diary_of(|sim, diary| {
        let (one, other) = (diary.clone(), diary.clone());
        let never = sim.call_at(SimTime::from_millis(2), move || one.note("never"));
        let past = sim.call_at(SimTime::from_millis(1), move || other.note("past"));
        let (me, diary) = (sim.clone(), diary.clone());
        sim.call_at(SimTime::from_nanos(1_500_000), move || {
            diary.note(format!("{} {} {}", me.cancel(never), me.cancel(never), me.cancel(past)));
        });
    });
    assert_eq!(seen, ["past", "true false false"]);
}

#[test]
fn a_paused_node_catches_up_in_the_order_in_which_its_tasks_became_ready() {
    let seen = diary_of(|sim, diary| {
        let (node, other) = (sim.add_node("a"), sim.add_node("b"));
        for (on, name, millis) in [(node, "late", 30), (node, "early", 20), (other, "free", 25)] {
            let (me, diary) = (sim.clone(), diary.clone());
            sim.spawn(on, async move {
                me.sleep(SimDuration::from_millis(millis)).await;
                diary.note(format!("{name} at {}", me.now()));
            });
        }
        let (pausing, resuming) = (sim.clone(), sim.clone());
        sim.call_at(SimTime::from_millis(10), move || pausing.pause(node));
        sim.call_at(SimTime::from_millis(40), move || resuming.resume(node));
    });
    assert_eq!(seen, ["free at 25 ms", "early at 40 ms", "late at 40 ms"]);
}

#[test]
fn a_kill_drops_tasks_oldest_first_and_a_restart_takes_new_ones() {
    let seen = diary_of(|sim, diary| {
        let node = sim.add_node("a");
        for name in ["one", "two", "three"] {
            let held = Dropped(name, diary.clone());
            sim.spawn(node, async move {
                let _held = held;
                std::future::pending::<()>().await;
            });
        }
        let (me, diary) = (sim.clone(), diary.clone());
        sim.call_at(SimTime::from_millis(1), move || {
            me.kill(node);
            let (refused, taken) = (diary.clone(), diary.clone());
            me.spawn(node, async move { refused.note("ran on a dead node") });
            diary.note("killed");
            me.restart(node);
            me.spawn(node, async move { taken.note("ran again") });
        });
    });
    assert_eq!(seen, ["drop one", "drop two", "drop three", "killed", "ran again"]);
}

#[test]
fn whoever_awaits_a_killed_task_gets_nothing() {
    let seen = diary_of(|sim, diary| {
        let (victim, node, me, diary) = (sim.add_node("victim"), sim.add_node("a"), sim.clone(), diary.clone());
        let task = sim.spawn(victim, std::future::pending::<u32>());
        let fine = sim.spawn(victim, async { 7 });
        sim.spawn(node, async move {
            diary.note(format!("{:?} {:?} at {}", fine.await, task.await, me.now()));
        });
        let killer = sim.clone();
        sim.call_at(SimTime::from_millis(3), move || killer.kill(victim));
    });
    assert_eq!(seen, ["Some(7) None at 3 ms"]);
}

#[test]
fn a_task_may_kill_its_own_node() {
    let seen = diary_of(|sim, diary| {
        let (node, me, held) = (sim.add_node("a"), sim.clone(), Dropped("self", diary.clone()));
        sim.spawn(node, async move {
            me.sleep(SimDuration::from_millis(1)).await;
            me.kill(node);
            held.1.note("the turn ends first");
            std::future::pending::<()>().await;
            drop(held);
        });
    });
    assert_eq!(seen, ["the turn ends first", "drop self"]);
}

#[test]
#[should_panic(expected = "the model is wrong")]
fn a_panic_in_a_task_reaches_the_caller_with_its_message() {
    run(1, SimTime::from_secs(1), |sim| {
        let (node, me) = (sim.add_node("a"), sim.clone());
        sim.spawn(node, async move {
            me.sleep(SimDuration::from_millis(1)).await;
            panic!("the model is wrong");
        });
        || ()
    });
}

#[test]
fn events_at_the_end_happen_and_later_ones_do_not() {
    let seen = diary_of(|sim, diary| {
        for (nanos, name) in [(1_000_000_000, "at the end"), (1_000_000_001, "later")] {
            let diary = diary.clone();
            sim.call_at(SimTime::from_nanos(nanos), move || diary.note(name));
        }
    });
    assert_eq!(seen, ["at the end"]);
}

/// Tasks on two nodes that sleep for drawn times and meet in a channel; all they see becomes one number.
fn history(seed: u64) -> u64 {
    run(seed, SimTime::from_secs(2), |sim| {
        let (sender, mut receiver) = channel::<u64>(64);
        let sum = Rc::new(Cell::new(seed));
        for number in 0..8 {
            let (me, sender) = (sim.clone(), sender.clone());
            let mut draws = sim.draws("pauses").at(number);
            let node = sim.add_node(&format!("n{number}"));
            sim.spawn(node, async move {
                loop {
                    me.sleep(SimDuration::from_nanos(draws.below(2_000_000))).await;
                    let _ = sender.send(number);
                }
            });
        }
        let (me, total, node) = (sim.clone(), sum.clone(), sim.add_node("sink"));
        sim.spawn(node, async move {
            while let Some(number) = receiver.recv().await {
                let mixed = total.get().rotate_left(7) ^ me.now().as_nanos().wrapping_mul(2 * number + 1);
                total.set(mixed);
            }
        });
        move || sum.get()
    })
}

#[test]
fn parallel_runs_do_not_influence_each_other() {
    let alone: Vec<u64> = (0..4).map(history).collect();
    let together: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|n| scope.spawn(move || history(n % 4))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a run")).collect()
    });
    assert_eq!(together, [alone.clone(), alone.clone()].concat());
    assert!(alone.windows(2).all(|pair| pair[0] != pair[1]), "seeds make a difference");
}
