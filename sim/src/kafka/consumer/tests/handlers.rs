use super::*;
use crate::kafka::client::{KafkaError, Thrown};
use crate::kafka::fake::FakePartition;

/// One broker and one poison message; how the story goes.
fn poison(secs: u64, thrown: Thrown) -> (Vec<(u64, String)>, usize) {
    play_one(secs, move |lab| {
        append(&mut lab.world.borrow_mut(), 0, &["ok", "poison", "behind"]);
        let story = consume(lab, from_the_beginning(), move |delivery| {
            let failed = value(&delivery) == "poison";
            async move { if failed { Err(KafkaError::Handler(thrown).into()) } else { Ok(()) } }
        });
        let world = lab.world.clone();
        Box::new(move || (story.take(), world.borrow().count("Leave")))
    })
}

/// D5: with one broker at t = 0, .27, .70, 1.5, 2.9, 5.5 s, give or take the jitter; then a crash and a restart.
#[test]
fn d5_an_error_brings_the_message_six_times_then_a_crash_and_a_restart() {
    let (story, left) = poison(60, Thrown::Error);
    let crashes = lines(&story, "crashed true");
    assert!(crashes.len() >= 2 && left >= 2, "{story:?}");
    let first: Vec<u64> = lines(&story, "0:poison").into_iter().filter(|at| *at <= crashes[0]).collect();
    assert_eq!(first.len(), 6, "{story:?}");
    let gaps: Vec<u64> = first.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let nominal = [300, 600, 1200, 2400, 4800];
    for (gap, nominal) in gaps.iter().zip(nominal) {
        assert!((nominal / 2..nominal * 2).contains(gap), "waited {gap} ms, nominally {nominal}");
    }
    assert!(lines(&story, "behind").is_empty(), "a poison message blocks its partition");
    let again = lines(&story, "joined")[1];
    assert!(again - crashes[0] > 2_000, "restarts after the last retry time, at {again}");
}

/// The commit of what was handled before the poison message survives, so the restart begins with it.
#[test]
fn d5_what_was_handled_before_the_error_is_committed() {
    let (story, _) = poison(60, Thrown::Error);
    assert_eq!(lines(&story, "0:ok").len(), 1, "{story:?}");
}

#[test]
fn d5_a_syntax_error_ends_the_consumer_for_good() {
    for error in [Thrown::SyntaxError, Thrown::TypeError] {
        let (story, left) = poison(120, error);
        assert_eq!(lines(&story, "0:poison").len(), 1, "{story:?}");
        assert_eq!((lines(&story, "crashed false").len(), left), (1, 1), "{story:?}");
        assert_eq!(lines(&story, "joined").len(), 1);
    }
}

/// I6: with more brokers each cycle waits for the long polls of the other fetchers first.
#[test]
fn d5_with_three_brokers_each_cycle_waits_for_the_long_polls() {
    let story = Lab::play(60, |lab| {
        append(&mut lab.world.borrow_mut(), 0, &["poison"]);
        let story = consume(lab, from_the_beginning(), |_| async { Err(HandlerError::Error) });
        Box::new(move || story.take())
    });
    let crash = lines(&story, "crashed true")[0];
    let first: Vec<u64> = lines(&story, "0:poison").into_iter().filter(|at| *at <= crash).collect();
    assert_eq!(first.len(), 6, "{story:?}");
    assert!(first.windows(2).all(|pair| pair[1] - pair[0] >= 5_000), "{first:?}");
}

/// D5: the budget belongs to the generation. Six errors on six messages, each of which succeeds the second time.
#[test]
fn d5_success_does_not_refill_the_budget() {
    let story = play_one(60, |lab| {
        append(&mut lab.world.borrow_mut(), 0, &["a", "b", "c", "d", "e", "f"]);
        let seen = Rc::new(RefCell::new(Vec::new()));
        let story = consume(lab, from_the_beginning(), move |delivery| {
            let first = !seen.borrow().contains(&delivery.offset);
            seen.borrow_mut().push(delivery.offset);
            async move { if first { Err(HandlerError::Error) } else { Ok(()) } }
        });
        Box::new(move || story.take())
    });
    let crash = lines(&story, "crashed true");
    assert_eq!(crash.len(), 1, "{story:?}");
    assert!(lines(&story, "0:f")[0] <= crash[0]);
}

/// The article's consumer: a handler that swallows. The message is skipped, and committed with its batch.
#[test]
fn d5_swallowed_messages_are_skipped_and_a_batch_is_committed_once() {
    let (story, commits) = play_one(20, |lab| {
        append(&mut lab.world.borrow_mut(), 0, &["a", "poison", "c", "d"]);
        let story = consume(lab, from_the_beginning(), fine);
        lab.at(SimTime::from_secs(8), |world| append(world, 0, &["e"]));
        let world = lab.world.clone();
        Box::new(move || (story.take(), world.borrow().commits.clone()))
    });
    assert_eq!(lines(&story, "0:").len(), 5);
    let offsets: Vec<u64> = commits.iter().map(|(_, _, offset)| *offset).collect();
    assert_eq!(offsets, [4, 5], "one commit a batch: {commits:?}");
}

#[test]
fn d5_a_threshold_commits_within_the_batch() {
    let commits = play_one(20, |lab| {
        append(&mut lab.world.borrow_mut(), 0, &["a", "b", "c", "d", "e"]);
        let config = ConsumerConfig { auto_commit_threshold: Some(2), ..from_the_beginning() };
        consume(lab, config, fine);
        let world = lab.world.clone();
        Box::new(move || world.borrow().commits.iter().map(|(_, _, offset)| *offset).collect::<Vec<_>>())
    });
    assert_eq!(commits, [2, 4, 5]);
}

/// D4: at concurrency 1 one slow message delays every partition; with as many workers as partitions it does not.
#[test]
fn d5_one_slow_message_delays_other_partitions_unless_there_are_workers() {
    let last = |concurrency| {
        play_one(60, move |lab| {
            let mut world = lab.world.borrow_mut();
            let led = FakePartition { leader: Some(BrokerId(1)), ..FakePartition::default() };
            world.partitions.insert(part(1), led);
            append(&mut world, 0, &["slow"]);
            append(&mut world, 1, &["quick"]);
            drop(world);
            let sim = lab.sim().clone();
            let config = ConsumerConfig { concurrency, ..from_the_beginning() };
            let story = consume(lab, config, move |delivery| {
                let sim = sim.clone();
                async move {
                    if value(&delivery) == "slow" {
                        sim.sleep(SimDuration::from_secs(10)).await;
                    }
                    Ok(())
                }
            });
            Box::new(move || {
                let story = story.take();
                lines(&story, "quick")[0] - lines(&story, "slow")[0]
            })
        })
    };
    assert!((10_000..10_010).contains(&last(1)));
    assert!(last(2) < 10);
}
