//! Scenarios of the process: measured turns, settling, faults of every kind. Method: drive callbacks at fixed times with a
//! collector of no cost, write down when things happen, compare to the millisecond.

mod faults;
mod pools;
mod stopping;
mod theory;

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::engine::{self, SimDuration, SimTime};
use crate::trace::Sink;

fn ms(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

/// What happened, with its millisecond.
#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<(u64, String)>>>);

impl Log {
    fn add(&self, sim: &Sim, what: impl Into<String>) {
        self.0.borrow_mut().push((sim.now().as_nanos() / 1_000_000, what.into()));
    }

    fn times(&self) -> Vec<u64> {
        self.0.borrow().iter().map(|(time, _)| *time).collect()
    }

    fn words(&self) -> Vec<String> {
        self.0.borrow().iter().map(|(time, what)| format!("{time} {what}")).collect()
    }
}

/// All events of a run.
#[derive(Default)]
struct Events(Vec<(SimTime, Event)>);

impl Sink for Events {
    fn record(&mut self, at: SimTime, event: &Event) {
        self.0.push((at, *event));
    }
}

struct World {
    process: Process,
    log: Log,
    events: Rc<RefCell<Events>>,
}

impl World {
    fn sim(&self) -> &Sim {
        self.process.sim()
    }

    /// At `time`, a call arrives whose handler computes `cpu` and answers late.
    fn call(&self, time: u64, cpu: u64) {
        let (process, log) = (self.process.clone(), self.log.clone());
        self.sim().call_at(at(time), move || {
            let (callee, log) = (process.clone(), log);
            process.readable(ms(cpu), move || {
                let sim = callee.sim().clone();
                callee.late(move || log.add(&sim, "answer"));
            });
        });
    }

    /// At `time`, does something with the process.
    fn then(&self, time: u64, act: impl FnOnce(&Process) + 'static) {
        let process = self.process.clone();
        self.sim().call_at(at(time), move || act(&process));
    }

    /// A writer of one line.
    fn note(&self, what: &str) -> impl Fn() + Clone + 'static + use<> {
        let (sim, log, what) = (self.sim().clone(), self.log.clone(), what.to_owned());
        move || log.add(&sim, what.clone())
    }

    /// Spans that callbacks waited, in order.
    fn waits(&self) -> Vec<u64> {
        self.events.borrow().0.iter().filter_map(|(_, event)| waited(event)).collect()
    }
}

fn waited(event: &Event) -> Option<u64> {
    match event {
        Event::Ran { waited, .. } => Some(waited.as_nanos() / 1_000_000),
        _ => None,
    }
}

/// Plays a started process for `end` and reads something off the world.
fn play_spec<T: Send>(
    spec: ProcessSpec,
    end: u64,
    script: impl FnOnce(&World) + Send,
    read: impl FnOnce(&World) -> T + Send,
) -> T {
    engine::run(1, at(end), move |sim| {
        let trace = Trace::new(sim);
        let events = Rc::new(RefCell::new(Events::default()));
        trace.attach(events.clone());
        let world = World { process: Process::new(sim, &trace, "node", spec), log: Log::default(), events };
        world.process.start();
        script(&world);
        move || read(&world)
    })
}

fn play(end: u64, script: impl FnOnce(&World) + Send) -> Vec<String> {
    play_spec(ProcessSpec::default(), end, script, |world| world.log.words())
}

fn answers(calls: &'static [u64]) -> Vec<u64> {
    let script = move |world: &World| calls.iter().for_each(|&time| world.call(time, 20));
    play_spec(ProcessSpec::default(), 1000, script, |world| world.log.times())
}

/// EXP-17, minus a start-up overhead of 5–12 ms: 47/47; 48, 71, 72; 25, 49; 212 for all of ten.
#[test]
fn a_busy_loop_answers_one_turn_late() {
    assert_eq!(answers(&[0, 5]), [40, 40]);
    assert_eq!(answers(&[0, 5, 30]), [40, 60, 60]);
    assert_eq!(answers(&[0, 25]), [20, 45]);
    assert_eq!(answers(&[0; 10]), [200; 10]);
}

/// A handler task, woken by its callback, computes as part of that callback: turns stay as measured.
#[test]
fn computing_of_a_woken_task_continues_its_callback() {
    let words = play(1000, |world| {
        for time in [0, 5, 30] {
            let note = world.note("answer");
            world.then(time, move |process| {
                let (wake, woken) = engine::slot();
                let handler = process.clone();
                process.spawn(async move {
                    woken.await;
                    handler.cpu(ms(5)).await;
                    handler.cpu(ms(10)).await; // a chain
                    handler.late(note);
                });
                process.readable(ms(5), move || wake.set(()));
            });
        }
    });
    assert_eq!(words, ["40 answer", "60 answer", "60 answer"]);
}

/// One hop more (a task that wakes the task that computes) still continues the callback; two tasks compute one after the other.
#[test]
fn settling_reaches_tasks_behind_the_woken_one() {
    let words = play(1000, |world| {
        let (first, second, third) = (world.note("near"), world.note("far"), world.note("queued"));
        world.then(0, move |process| {
            let (near, far, queued) = (process.clone(), process.clone(), process.clone());
            let (wake, woken) = engine::slot();
            let (pass, passed) = engine::slot();
            process.spawn(async move {
                woken.await;
                pass.set(());
                near.cpu(ms(10)).await;
                first();
            });
            process.spawn(async move {
                passed.await;
                far.cpu(ms(10)).await;
                second();
            });
            process.readable(ms(1), move || wake.set(()));
            queued.readable(ms(10), third);
        });
    });
    assert_eq!(words, ["11 near", "21 far", "31 queued"]);
}

/// A relay that computes nothing itself: the callback is kept open for the second hop.
#[test]
fn settling_waits_for_a_relay() {
    let words = play(1000, |world| {
        let (answer, queued) = (world.note("relayed"), world.note("queued"));
        world.then(0, move |process| {
            let (wake, woken) = engine::slot();
            let (pass, passed) = engine::slot();
            let far = process.clone();
            process.spawn(async move {
                woken.await;
                pass.set(());
            });
            process.spawn(async move {
                passed.await;
                far.cpu(ms(10)).await;
                answer();
            });
            process.readable(ms(1), move || wake.set(()));
            process.readable(ms(10), queued);
        });
    });
    assert_eq!(words, ["11 relayed", "21 queued"]);
}

#[test]
fn a_late_write_before_computing_leaves_after_it() {
    let words = play(1000, |world| {
        let (first, second) = (world.note("first"), world.note("second"));
        world.then(0, move |process| {
            let (wake, woken) = engine::slot();
            let handler = process.clone();
            process.spawn(async move {
                woken.await;
                handler.late(first);
                handler.cpu(ms(20)).await;
                handler.late(second);
            });
            process.readable(ms(1), move || wake.set(()));
        });
    });
    assert_eq!(words, ["21 first", "21 second"]);
}

#[test]
fn timers_are_late_when_the_loop_is_busy_and_cancelled_ones_never_run() {
    let words = play(1000, |world| {
        let (slept, kept, dropped) = (world.note("slept"), world.note("kept"), world.note("dropped"));
        let sleeper = world.process.clone();
        world.process.spawn(async move {
            sleeper.sleep(ms(5)).await;
            slept();
        });
        let process = &world.process;
        let (kept, dropped) = (process.call_later(at(10), kept), process.call_later(at(11), dropped));
        let (cancelled, undone) = (process.call_later(at(12), || panic!("cancelled at once")), world.note("undone"));
        cancelled.cancel();
        world.then(0, |process| process.readable(ms(20), || ()));
        world.then(15, move |_| {
            drop(dropped); // expired, waiting for the loop
            undone();
        });
        world.then(500, move |_| drop(kept));
    });
    assert_eq!(words, ["15 undone", "20 slept", "20 kept"]);
}

#[test]
fn computing_nobody_waits_for_any_more_is_not_begun() {
    let waits = play_spec(
        ProcessSpec::default(),
        1000,
        |world| {
            world.process.readable(ms(20), || ());
            let process = world.process.clone();
            let task = world.process.spawn(async move { process.cpu(ms(500)).await });
            world.then(10, move |process| {
                task.abort();
                process.readable(ms(1), || ());
            });
        },
        World::waits,
    );
    assert_eq!(waits, [0, 10]);
}

/// `Ran` tells the time taken and the time waited, and the queue gauge counts those who wait.
#[test]
fn slices_and_queue_are_traced() {
    let events = play_spec(
        ProcessSpec::default(),
        1000,
        |world| {
            world.call(0, 20);
            world.call(5, 20);
        },
        |world| format!("{:?}", world.events.borrow().0[2..].iter().map(|(_, e)| word(e)).collect::<Vec<_>>()),
    );
    assert_eq!(events, r#"["loop.queue=1", "ran 20 ms after 0 s", "loop.queue=0", "ran 20 ms after 15 ms"]"#);
}

fn word(event: &Event) -> String {
    match event {
        Event::Gauged { gauge, value, .. } => format!("{}={value}", gauge.text()),
        Event::Ran { busy, waited, .. } => format!("ran {busy} after {waited}"),
        Event::Started { restarts, .. } => format!("started {restarts}"),
        Event::Exited { why, .. } => format!("exited {}", why.text()),
        Event::Marked { mark, .. } => mark.text().to_owned(),
        _ => unreachable!("not of a process"),
    }
}
