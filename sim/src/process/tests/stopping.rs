//! Goal: a process that is asked to stop does it in its own way, and is killed when it takes too long. Method: as in the parent.

use super::*;

/// Starts and exits with their milliseconds.
fn life(world: &World) -> Vec<String> {
    let word = |event: &Event| match event {
        Event::Started { .. } => Some("started"),
        Event::Exited { why, .. } => Some(why.text()),
        _ => None,
    };
    let events = &world.events.borrow().0;
    let worded = events.iter().filter_map(|(at, event)| Some((at, word(event)?)));
    worded.map(|(at, word)| format!("{} {word}", at.as_nanos() / 1_000_000)).collect()
}

fn lives(end: u64, script: impl FnOnce(&World) + Send) -> Vec<String> {
    play_spec(ProcessSpec::default(), end, script, life)
}

/// Lets the process finish what takes `millis`, and stop then.
fn drain(world: &World, millis: u64) {
    let process = world.process.clone();
    world.process.on_term(move || {
        let own = process.clone();
        process.spawn(async move {
            own.sleep(ms(millis)).await;
            own.exit(Exit::Stopped);
        });
    });
}

#[test]
fn without_a_hook_it_exits_at_once_also_in_the_middle_of_computing() {
    let lives = lives(5000, |world| {
        world.process.readable(ms(500), || panic!("computed to its end"));
        world.then(10, Process::terminate);
    });
    assert_eq!(lives, ["0 started", "10 stopped", "1010 started"]);
}

#[test]
fn a_hook_waits_for_the_loop_and_may_take_its_time() {
    let lives = lives(8000, |world| {
        drain(world, 3000);
        world.process.readable(ms(500), || ());
        world.then(10, Process::terminate);
        world.then(2000, Process::terminate); // changes nothing
        world.then(6000, Process::terminate); // the next life has the same hooks and a grace period of its own
    });
    assert_eq!(lives, ["0 started", "3500 stopped", "4500 started"]);
}

#[test]
fn who_does_not_stop_is_killed_after_its_grace_period_and_started_without_backoff() {
    let lives = lives(70_000, |world| {
        world.process.on_term(|| ());
        for time in [10, 32_000] {
            world.then(time, Process::terminate);
        }
        world.then(20_000, Process::terminate); // does not begin the period anew
    });
    assert_eq!(lives, ["0 started", "30010 crashed", "31010 started", "62000 crashed", "63000 started"]);
}

#[test]
fn the_killing_of_one_life_does_not_reach_the_next() {
    let lives = lives(60_000, |world| {
        drain(world, 3000);
        world.then(10, Process::terminate);
    });
    assert_eq!(lives, ["0 started", "3010 stopped", "4010 started"]);
}

#[test]
fn a_paused_process_hears_when_it_goes_on() {
    let script = |world: &World| {
        world.then(5, Process::pause);
        world.then(10, Process::terminate);
        world.then(2000, Process::resume);
    };
    assert_eq!(lives(10_000, script), ["0 started", "2000 stopped", "3000 started"]);
    let draining = |world: &World| {
        drain(world, 3000);
        script(world);
    };
    assert_eq!(lives(10_000, draining), ["0 started", "5000 stopped", "6000 started"]);
    let forgotten = |world: &World| {
        world.then(5, Process::pause);
        world.then(10, Process::terminate);
    };
    assert_eq!(lives(40_000, forgotten), ["0 started", "30010 crashed", "31010 started"]);
}

#[test]
fn who_is_kept_down_waits_until_it_is_let_up() {
    let lives = lives(90_000, |world| {
        world.then(10, Process::keep_down); // ends nothing
        world.then(20, Process::let_up); // starts nothing
        world.then(1000, Process::keep_down);
        world.then(1000, Process::terminate);
        world.then(5000, Process::let_up);
        world.then(7000, |process| process.exit(Exit::Crashed));
        world.then(7500, Process::keep_down); // takes back the restart
        world.then(50_000, Process::let_up);
    });
    let expected = ["0 started", "1000 stopped", "6000 started", "7000 crashed", "51000 started"];
    assert_eq!(lives, expected);
}
