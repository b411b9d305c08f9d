use super::*;

/// D4: ApiVersions, Metadata (subscribe), FindCoordinator, JoinGroup twice, [leader: Metadata], SyncGroup, OffsetFetch of each
/// fetcher, ListOffsets, Fetch.
#[test]
fn a_start_asks_in_kafkajs_order() {
    let asked = play_one(2, |lab| {
        consume(lab, ConsumerConfig::default(), fine);
        let world = lab.world.clone();
        Box::new(move || world.borrow().log.iter().map(|(_, _, what)| *what).collect::<Vec<_>>())
    });
    let start = ["ApiVersions", "Metadata", "FindCoordinator", "Join", "Join", "Metadata", "Sync"];
    assert_eq!(asked[..7], start);
    assert_eq!(asked[7..], ["OffsetFetch", "ListOffsets", "Fetch"]);
}

#[test]
fn every_broker_has_a_fetcher_that_asks_for_offsets_itself() {
    let (offset_fetches, fetches) = Lab::play(2, |lab| {
        consume(lab, ConsumerConfig::default(), fine);
        let world = lab.world.clone();
        Box::new(move || (world.borrow().count("OffsetFetch"), world.borrow().count("Fetch")))
    });
    assert_eq!((offset_fetches, fetches), (3, 3));
}

/// D4: an idle member's heartbeats follow its empty fetches.
#[test]
fn an_idle_member_beats_every_five_seconds() {
    let story = play_one(31, |lab| {
        let story = consume(lab, ConsumerConfig::default(), fine);
        Box::new(move || story.take())
    });
    let beats = lines(&story, "heartbeat");
    assert_eq!(beats.len(), 6, "{story:?}");
    assert!(beats.windows(2).all(|pair| (5_000..5_010).contains(&(pair[1] - pair[0]))), "{beats:?}");
}

/// D2: no heartbeat while a handler is busy, unless the handler asks for it.
#[test]
fn d5_a_handler_that_outlasts_the_session_loses_its_membership_and_gets_its_message_again() {
    let slow = |beats: bool| {
        play_one(100, move |lab| {
            append(&mut lab.world.borrow_mut(), 0, &["a"]);
            let sim = lab.sim().clone();
            let story = consume(lab, from_the_beginning(), move |delivery| {
                let sim = sim.clone();
                async move {
                    for _ in 0..7 {
                        sim.sleep(SimDuration::from_secs(5)).await;
                        if beats {
                            delivery.heartbeat().await?;
                        }
                    }
                    Ok(())
                }
            });
            Box::new(move || story.take())
        })
    };
    let silent = slow(false);
    assert!(lines(&silent, "0:a").len() >= 2 && lines(&silent, "joined").len() >= 2, "{silent:?}");
    let first = lines(&silent, "0:a")[0];
    assert!(lines(&silent, "heartbeat").iter().all(|at| *at < first || *at >= first + 35_000));
    let polite = slow(true);
    assert_eq!((lines(&polite, "0:a").len(), lines(&polite, "joined").len()), (1, 1), "{polite:?}");
}

/// Two members on two processes share the partitions; when one leaves in order the other has them all.
#[test]
fn members_share_and_inherit() {
    let (first, second, took) = Lab::play(60, |lab| {
        let seats = two_seats(lab);
        seats[0].consume(SimTime::ZERO, ConsumerConfig::default(), fine);
        let consumer = seats[1].consume(SimTime::ZERO, ConsumerConfig::default(), fine);
        let (sim, took) = (lab.sim().clone(), Rc::new(RefCell::new(0)));
        let done = took.clone();
        seats[1].site.process.spawn(async move {
            sim.sleep_until(SimTime::from_secs(32)).await;
            consumer.disconnect().await;
            *done.borrow_mut() = millis(sim.now()) - 32_000;
        });
        Box::new(move || (seats[0].story.take(), seats[1].story.take(), took.take()))
    });
    let share =
        |story: &[(u64, String)]| story.iter().filter(|(_, what)| what.contains("joined")).cloned().collect::<Vec<_>>();
    let (mine, theirs) = (share(&first), share(&second));
    assert_eq!((mine.len(), theirs.len()), (2, 1), "{mine:?} {theirs:?}");
    let shares =
        [&mine[0].1, &theirs[0].1].map(|share| share.matches(['0', '2']).count() + share.matches("[1]").count());
    assert!(shares[0] > 0 && shares[1] > 0, "{mine:?} {theirs:?}");
    assert!(mine[1].1.ends_with("[0, 1, 2]"), "{mine:?}");
    assert!((1_000..5_000).contains(&took), "a graceful stop waits for the long polls: {took} ms");
    assert!(mine[1].0 > 32_000 + took, "and the other notices at its next heartbeat");
}

fn two_seats(lab: &Lab) -> [Seat; 2] {
    let other = lab.stage.service("other", crate::process::ProcessSpec::default());
    other.process.start();
    [Seat::new(lab, &lab.client), Seat::new(lab, &other)]
}

/// D4: at a rebalance a member commits what it has handled before it joins again, so nothing comes twice.
#[test]
fn a_rebalance_in_mid_batch_commits_first() {
    let (first, second) = play_one(90, |lab| {
        append(&mut lab.world.borrow_mut(), 0, &["a", "b", "c", "d", "e", "f", "g", "h"]);
        let seats = two_seats(lab);
        let sim = lab.sim().clone();
        let slow = move |_| {
            let sim = sim.clone();
            async move {
                sim.sleep(SimDuration::from_secs(2)).await;
                Ok(())
            }
        };
        seats[0].consume(SimTime::ZERO, from_the_beginning(), slow.clone());
        seats[1].consume(SimTime::from_secs(5), from_the_beginning(), slow);
        Box::new(move || (seats[0].story.take(), seats[1].story.take()))
    });
    let all = first.iter().chain(&second).map(|(_, what)| what.clone()).filter(|what| what.starts_with("0:"));
    let mut all: Vec<String> = all.collect();
    all.sort();
    assert_eq!(all, ["0:a", "0:b", "0:c", "0:d", "0:e", "0:f", "0:g", "0:h"], "{first:?} {second:?}");
    assert_eq!(lines(&first, "rebalancing").len(), 1);
}

/// D4: `fromBeginning` decides only where nothing is committed.
#[test]
fn from_beginning_matters_only_without_a_committed_offset() {
    let read = |from_beginning, committed: Option<u64>| {
        play_one(10, move |lab| {
            append(&mut lab.world.borrow_mut(), 0, &["a", "b", "c"]);
            committed.map(|offset| lab.world.borrow_mut().committed.insert(part(0), Offset(offset)));
            let config = ConsumerConfig { from_beginning, ..ConsumerConfig::default() };
            let story = consume(lab, config, fine);
            Box::new(move || lines(&story.take(), "0:").len())
        })
    };
    assert_eq!((read(true, None), read(false, None)), (3, 0));
    assert_eq!((read(true, Some(2)), read(false, Some(2))), (1, 1));
}

/// D4: retention has passed the committed offset. `fromBeginning: false` skips the whole backlog.
#[test]
fn an_offset_out_of_range_starts_over_where_from_beginning_says() {
    let read = |from_beginning| {
        play_one(20, move |lab| {
            append(&mut lab.world.borrow_mut(), 0, &["a", "b", "c", "d"]);
            lab.world.borrow_mut().partitions.get_mut(&part(0)).expect("exists").start = 3;
            lab.world.borrow_mut().committed.insert(part(0), Offset(1));
            let config = ConsumerConfig { from_beginning, ..ConsumerConfig::default() };
            let story = consume(lab, config, fine);
            lab.at(SimTime::from_secs(10), |world| append(world, 0, &["e"]));
            Box::new(move || {
                story.take().into_iter().map(|(_, what)| what).filter(|w| w.starts_with("0:")).collect::<Vec<_>>()
            })
        })
    };
    assert_eq!(read(false), ["0:e"]);
    assert_eq!(read(true), ["0:d", "0:e"]);
}

/// D4: an error of leadership makes the member re-join its group.
#[test]
fn a_fetch_from_a_former_leader_makes_the_member_join_again() {
    let story = play_one(20, |lab| {
        let story = consume(lab, ConsumerConfig::default(), fine);
        lab.at(SimTime::from_secs(1), |world| world.fetch_errors.push_back(ErrorCode::NotLeaderOrFollower));
        Box::new(move || story.take())
    });
    assert_eq!(lines(&story, "joined").len(), 2, "{story:?}");
    assert!(lines(&story, "crashed").is_empty());
}

/// I5: a coordinator that is not available yet is asked again after 0.3 and 0.8 s.
#[test]
fn a_missing_coordinator_is_asked_for_again() {
    let story = play_one(20, |lab| {
        lab.world.borrow_mut().coordinator_errors.extend([ErrorCode::CoordinatorNotAvailable; 2]);
        let story = consume(lab, ConsumerConfig::default(), fine);
        Box::new(move || story.take())
    });
    let joined = lines(&story, "joined")[0];
    assert!((700..1_500).contains(&joined), "joined at {joined} ms");
}

/// E8: the process dies in mid-batch, before the commit of that batch; the next life gets the whole batch again.
#[test]
fn a_killed_member_reads_on_from_its_last_commit() {
    let story = play_one(60, |lab| {
        append(&mut lab.world.borrow_mut(), 0, &["a", "b", "c"]);
        let (seat, sim) = (Seat::new(lab, &lab.client), lab.sim().clone());
        let begin = {
            let seat = seat.clone();
            move || {
                let sim = sim.clone();
                let slow = move |_| {
                    let sim = sim.clone();
                    async move {
                        sim.sleep(SimDuration::from_secs(1)).await;
                        Ok(())
                    }
                };
                drop(seat.consume(SimTime::ZERO, from_the_beginning(), slow));
            }
        };
        begin();
        let (dying, reborn) = (lab.client.process.clone(), lab.client.process.clone());
        lab.client.process.on_start(begin);
        lab.sim().call_at(SimTime::from_millis(2_500), move || dying.exit(crate::trace::Exit::Stopped));
        lab.sim().call_at(SimTime::from_secs(40), move || reborn.start());
        Box::new(move || seat.story.take())
    });
    let deliveries: Vec<&str> =
        story.iter().map(|(_, what)| what.as_str()).filter(|what| what.starts_with("0:")).collect();
    assert_eq!(deliveries, ["0:a", "0:b", "0:c", "0:a", "0:b", "0:c"]);
}

/// KJ:consumer/index.js keeps topics by name, so a program may subscribe again after an attempt that has failed.
#[test]
fn a_topic_that_is_named_twice_is_read_once() {
    let assigned = play_one(10, |lab| {
        let seat = Seat::new(lab, &lab.client);
        let consumer = seat.consume(SimTime::from_secs(1), from_the_beginning(), fine);
        let early = consumer.clone();
        lab.client.process.spawn(async move {
            early.connect().await.expect("brokers are up");
            early.subscribe(&["t", "t"]).await.expect("the topic exists");
        });
        Box::new(move || consumer.assigned().len())
    });
    assert_eq!(assigned, 1);
}
