//! Goal: deaths, pauses and slow machines do what they do in production. Method: as in the parent.

use super::*;
use crate::units::{Bytes, Factor};

fn small_heap() -> ProcessSpec {
    let heap = HeapSpec { limit: Bytes(1000), base: Bytes(100), churn: Bytes(0), ..HeapSpec::default() };
    ProcessSpec { heap, ..ProcessSpec::default() }
}

/// Start, exit and heap events with their milliseconds.
fn life(world: &World) -> Vec<String> {
    let kept = |event: &Event| matches!(event, Event::Started { .. } | Event::Exited { .. });
    let events = &world.events.borrow().0;
    events.iter().filter(|(_, e)| kept(e)).map(|(t, e)| format!("{} {}", t.as_nanos() / 1_000_000, word(e))).collect()
}

#[test]
fn out_of_memory_restarts_at_once_then_with_doubling_backoff() {
    let script = |world: &World| {
        let process = world.process.clone();
        world.process.on_start(move || {
            let (hungry, eater) = (process.clone(), process.clone());
            process.spawn(async move {
                hungry.sleep(ms(500)).await;
                let _held = eater.hold(900);
                std::future::pending::<()>().await;
            });
        });
        world.then(0, |process| {
            process.exit(Exit::Crashed);
        });
    };
    let words = play_spec(small_heap(), 40_000, script, life);
    let expected = [
        "0 started 0",
        "0 exited crashed",
        "1000 started 1",
        "1500 exited out-of-memory",
        "12500 started 2",
        "13000 exited out-of-memory",
        "34000 started 3",
        "34500 exited out-of-memory",
    ];
    assert_eq!(words, expected);
}

#[test]
fn nothing_of_a_dead_process_ever_runs() {
    let script = |world: &World| {
        let never = |what: &'static str| move || panic!("{what} of a dead process ran");
        let timers = [30, 1500].map(|time| world.process.call_later(at(time), never("a timer")));
        let process = &world.process;
        process.readable(ms(20), never("a running callback"));
        process.readable(ms(20), never("a queued callback"));
        process.late(never("a late write"));
        let sleeper = process.clone();
        process.spawn(async move {
            sleeper.cpu(ms(5)).await;
            panic!("a task of a dead process ran");
        });
        let kept = std::cell::RefCell::new(Some(process.hold(300)));
        let gone = world.note("gone");
        process.on_exit(move |_| gone());
        world.then(10, |process| process.exit(Exit::Crashed));
        world.then(11, move |process| process.readable(ms(1), never("a callback sent to a dead process")));
        world.then(2000, move |process| {
            assert_eq!((process.incarnation(), process.heap_bytes()), (2, 100));
            kept.take().into_iter().for_each(|mut held| held.grow(800)); // inert, then dropped
            assert_eq!(process.heap_bytes(), 100);
            drop(timers);
        });
        let serves = world.note("serves again");
        world.then(2001, move |process| process.readable(ms(1), serves));
    };
    let words = play_spec(small_heap(), 5000, script, |world| world.log.words());
    assert_eq!(words, ["10 gone", "2002 serves again"]);
}

#[test]
fn heap_is_counted_and_the_limit_is_the_end() {
    let script = |world: &World| {
        world.then(1, |process| {
            let mut held = process.hold(500);
            held.grow(399);
            assert_eq!((process.heap_bytes(), held.bytes()), (999, 899));
            process.sim().call_at(at(2), move || drop(held));
        });
        world.then(3, |process| {
            let held = process.hold(900);
            assert!(process.is_up(), "not within the call");
            process.sim().call_at(at(5), move || drop(held));
        });
        world.then(4, |process| assert!(!process.is_up()));
    };
    let words = play_spec(small_heap(), 10, script, |world| {
        world.events.borrow().0.iter().map(|(_, e)| word(e)).collect::<Vec<_>>().join(" ")
    });
    let (before, after) = words.split_once("exited").expect("it died");
    assert_eq!(before, "started 0 heap.bytes=100 heap.bytes=600 heap.bytes=999 heap.bytes=100 heap.bytes=1000 ");
    assert_eq!(after, " out-of-memory heap.bytes=0");
}

#[test]
fn a_stopped_process_stays_down_and_a_lost_host_comes_back_when_told() {
    let script = |world: &World| {
        world.then(10, |process| process.exit(Exit::Stopped));
        world.then(5000, Process::start);
        world.then(6000, |process| process.exit(Exit::Crashed));
        world.then(6500, |process| process.exit(Exit::HostLost)); // while it waits to restart
        world.then(60_000, Process::host_back);
    };
    let words = play_spec(small_heap(), 100_000, script, life);
    let expected = ["0 started 0", "10 exited stopped", "5000 started 1", "6000 exited crashed", "61000 started 2"];
    assert_eq!(words, expected);
}

#[test]
fn running_long_enough_forgives_earlier_deaths() {
    let script = |world: &World| {
        for time in [0, 5_000, 700_000] {
            world.then(time, |process| process.exit(Exit::Crashed));
        }
    };
    let words = play_spec(small_heap(), 800_000, script, life);
    assert_eq!(
        words[2..],
        ["1000 started 1", "5000 exited crashed", "16000 started 2", "700000 exited crashed", "701000 started 3"]
    );
}

#[test]
fn a_paused_process_catches_up_in_order() {
    let words = play(5000, |world| {
        world.process.readable(ms(20), world.note("interrupted"));
        let (timer, task) = (world.process.call_later(at(200), world.note("timer")), world.note("task"));
        let sleeper = world.process.clone();
        world.process.spawn(async move {
            sleeper.sim().sleep_until(at(300)).await; // an engine timer, not the loop's
            task();
        });
        world.then(15, Process::pause);
        let queued = world.note("queued");
        world.then(100, move |process| process.readable(ms(10), queued));
        world.then(150, |process| process.set_slowdown(Factor(2000)));
        world.then(1000, Process::resume);
        world.then(4000, move |_| drop(timer));
    });
    assert_eq!(words, ["1000 task", "1010 interrupted", "1030 queued", "1030 timer"]);
}

#[test]
fn a_pause_while_a_callback_settles_keeps_the_callback_open() {
    let words = play(5000, |world| {
        let (answer, queued) = (world.note("answer"), world.note("queued"));
        let (wake, woken) = engine::slot();
        let handler = world.process.clone();
        world.process.spawn(async move {
            woken.await;
            handler.cpu(ms(10)).await;
            handler.late(answer);
        });
        let freezer = world.process.clone();
        world.process.readable(ms(1), move || {
            wake.set(());
            freezer.pause();
        });
        world.process.readable(ms(10), queued);
        world.then(100, Process::resume);
    });
    assert_eq!(words, ["120 queued", "120 answer"]);
}

#[test]
fn a_killed_paused_process_starts_unpaused() {
    let words = play(5000, |world| {
        let serves = world.note("serves");
        world.then(10, Process::pause);
        world.then(20, |process| process.exit(Exit::Crashed));
        world.then(2000, move |process| {
            let server = process.clone();
            process.spawn(async move {
                server.cpu(ms(10)).await;
                serves();
            });
        });
    });
    assert_eq!(words, ["2010 serves"]);
}

#[test]
fn a_slow_machine_stretches_the_rest_of_a_running_slice() {
    let words = play(5000, |world| {
        world.process.readable(ms(20), world.note("first"));
        world.then(10, |process| process.set_slowdown(Factor(3000)));
        let second = world.note("second");
        world.then(20, move |process| process.readable(ms(20), second));
    });
    assert_eq!(words, ["40 first", "100 second"]);
}

/// A process may end itself from its own task and its own callback.
#[test]
fn a_process_may_end_itself() {
    let words = play(5000, |world| {
        let exited = world.note("exited");
        world.process.on_exit(move |_| exited());
        let (own, queued) = (world.process.clone(), world.process.clone());
        world.process.spawn(async move {
            own.exit(Exit::Crashed);
            own.cpu(ms(1)).await;
        });
        world.then(2000, move |process| process.readable(ms(1), move || queued.exit(Exit::Crashed)));
        world.then(2000, |process| process.readable(ms(1), || panic!("behind the end")));
        let last = world.note("up again");
        world.then(4990, move |process| assert!(!process.is_up()));
        world.then(4991, move |_| last());
    });
    assert_eq!(words, ["0 exited", "2001 exited", "4991 up again"]);
}

#[test]
fn writes_behind_the_one_that_ends_the_process_never_leave() {
    let words = play(500, |world| {
        let (first, server) = (world.note("first"), world.process.clone());
        world.process.readable(ms(20), move || {
            let own = server.clone();
            server.late(first);
            server.late(move || own.exit(Exit::Crashed));
            server.late(|| panic!("a write of a dead process left"));
        });
    });
    assert_eq!(words, ["20 first"]);
}

/// Near the limit slices take several times longer; the surcharge is told apart in the trace.
#[test]
fn a_full_heap_slows_the_loop_down() {
    let heap = HeapSpec { limit: Bytes(100 << 20), base: Bytes(50 << 20), ..HeapSpec::default() };
    let script = |world: &World| {
        let held = world.process.hold(0);
        world.process.readable(ms(100), || ());
        let mut held = held;
        world.then(500, move |process| {
            held.grow(49 << 20);
            process.readable(ms(100), || ());
            process.sim().call_at(at(4000), move || drop(held));
        });
    };
    let spans = play_spec(ProcessSpec { heap, ..ProcessSpec::default() }, 5000, script, |world| {
        let ran = |(_, event): &(SimTime, Event)| match event {
            Event::Ran { busy, gc, .. } => Some((busy.as_micros(), gc.as_micros())),
            _ => None,
        };
        world.events.borrow().0.iter().filter_map(ran).collect::<Vec<_>>()
    });
    assert_eq!(spans, [(104_600, 4_600), (564_000, 464_000)]);
}

/// Goal: threads run what is theirs at once, and after SIGSTOP in order. Method: calls and a timer before, in and after a pause of
/// 60 ms, and after a death.
#[test]
fn threads_wait_for_nothing_but_a_pause() {
    let script = |world: &World| {
        for (time, what) in [(10, "early"), (30, "first"), (50, "third"), (200, "late"), (400, "never")] {
            let note = world.note(what);
            world.then(time, move |process| process.in_thread(note));
        }
        let timer = world.process.in_thread_at(at(40), world.note("second"));
        world.then(450, move |_| drop(timer));
        world.then(20, Process::pause);
        world.then(80, Process::resume);
        world.then(300, |process| process.exit(Exit::Stopped));
    };
    let words = play_spec(ProcessSpec::default(), 500, script, |world| world.log.words());
    assert_eq!(words, ["10 early", "80 first", "80 second", "80 third", "200 late"]);
}
