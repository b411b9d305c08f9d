//! Goal: what the Java profile does differently from kafkajs (MODEL-REFERENCE.md D2, D3). Method: members against fake brokers.

use std::cell::RefCell;
use std::rc::Rc;

use super::JavaConsumer;
use crate::engine::{SimDuration, SimTime};
use crate::grpc::Site;
use crate::kafka::assignor::Assignor;
use crate::kafka::client::config::JavaConsumerConfig;
use crate::kafka::client::java::JavaClient;
use crate::kafka::consumer::{ConsumerEvent, Delivery, HandlerError, handler};
use crate::kafka::fake::{Lab, World};
use crate::kafka::record::{Batch, Record};
use crate::kafka::types::TopicPartition;
use crate::process::ProcessSpec;

/// Times (ms) and what happened.
type Story = Rc<RefCell<Vec<(u64, String)>>>;

const ONE_WAY: SimDuration = SimDuration::from_micros(250);

fn append(world: &mut World, values: &[&str]) {
    let records: Vec<Record> = values.iter().map(|value| Record::new(None, value.as_bytes(), SimTime::ZERO)).collect();
    world.append(&TopicPartition::new("t", 0), Batch::new(records, None));
}

fn earliest() -> JavaConsumerConfig {
    JavaConsumerConfig { from_beginning: true, ..JavaConsumerConfig::default() }
}

/// Starts a consumer at a time; handling a record takes as long as said, `poison` throws.
fn consume(
    lab: &Lab,
    site: &Site,
    at: SimTime,
    config: JavaConsumerConfig,
    takes: SimDuration,
) -> (JavaConsumer, Story) {
    let seeds = lab.book.keys().copied().collect();
    let client = JavaClient { site: site.clone(), name: "java".into(), book: lab.book.clone(), seeds };
    let consumer = JavaConsumer::new(&client, "g", &["t"], config);
    let (story, sim) = (Story::default(), lab.sim().clone());
    let (events, clock) = (story.clone(), sim.clone());
    let millis = |at: SimTime| at.as_nanos() / 1_000_000;
    consumer.on(move |event| {
        let what = match event {
            ConsumerEvent::Joined { partitions, .. } => {
                format!("joined {:?}", partitions.iter().map(|partition| partition.partition).collect::<Vec<_>>())
            }
            ConsumerEvent::Crashed { .. } => "crashed".into(),
            ConsumerEvent::Heartbeat => "heartbeat".into(),
            ConsumerEvent::Stopped => "stopped".into(),
            ConsumerEvent::Rebalancing | ConsumerEvent::Committed(_) => return,
        };
        events.borrow_mut().push((millis(clock.now()), what));
    });
    let (deliveries, started) = (story.clone(), consumer.clone());
    let clock = sim.clone();
    let handle = handler(move |delivery: Delivery| {
        let value = String::from_utf8_lossy(delivery.record.value.as_deref().unwrap_or_default()).into_owned();
        deliveries.borrow_mut().push((millis(clock.now()), format!(":{value}")));
        let sim = clock.clone();
        async move {
            sim.sleep(takes).await;
            if value == "poison" { Err(HandlerError::Error) } else { Ok(()) }
        }
    });
    site.process.spawn(async move {
        sim.sleep_until(at).await;
        started.run(handle);
    });
    (consumer, story)
}

fn lines(story: &[(u64, String)], word: &str) -> Vec<u64> {
    story.iter().filter(|(_, what)| what.contains(word)).map(|(at, _)| *at).collect()
}

/// D2: the heartbeat thread beats while a handler is busy; a handler of 60 s outlasts no session of 45 s.
#[test]
fn a_slow_handler_keeps_its_membership() {
    let story = Lab::play_with(100, 1, ONE_WAY, |lab| {
        append(&mut lab.world.borrow_mut(), &["a"]);
        let (_, story) = consume(lab, &lab.client, SimTime::ZERO, earliest(), SimDuration::from_secs(60));
        Box::new(move || story.take())
    });
    assert_eq!((lines(&story, ":a").len(), lines(&story, "joined").len()), (1, 1), "{story:?}");
    let beats = lines(&story, "heartbeat");
    assert!(beats.len() >= 30 && beats.windows(2).all(|pair| pair[1] - pair[0] < 3_100), "{beats:?}");
}

/// D2: … but not longer than `max.poll.interval.ms`: then it leaves, and gets its record again.
#[test]
fn no_poll_for_too_long_is_leaving() {
    let (story, left) = Lab::play_with(100, 1, ONE_WAY, |lab| {
        append(&mut lab.world.borrow_mut(), &["a"]);
        let config = JavaConsumerConfig { max_poll_interval: SimDuration::from_secs(20), ..earliest() };
        let (_, story) = consume(lab, &lab.client, SimTime::ZERO, config, SimDuration::from_secs(40));
        let world = lab.world.clone();
        Box::new(move || (story.take(), world.borrow().count("Leave")))
    });
    assert!(left >= 1 && lines(&story, ":a").len() >= 2, "{story:?}");
}

/// D2: every five seconds, in a poll, what earlier polls have returned.
#[test]
fn auto_commit_commits_what_earlier_polls_returned() {
    let commits = Lab::play_with(30, 1, ONE_WAY, |lab| {
        append(&mut lab.world.borrow_mut(), &["a", "b", "c", "d", "e", "f", "g", "h"]);
        let config = JavaConsumerConfig { max_poll_records: 2, ..earliest() };
        consume(lab, &lab.client, SimTime::ZERO, config, SimDuration::from_secs(1));
        let world = lab.world.clone();
        Box::new(move || world.borrow().commits.clone())
    });
    let (times, offsets): (Vec<u64>, Vec<u64>) = commits.iter().map(|(at, _, offset)| (*at, *offset)).unzip();
    assert_eq!(offsets, [6, 8], "{commits:?}");
    assert!(times[0] >= 6_000 && times[1] - times[0] >= 5_000, "{commits:?}");
}

/// E7: a handler throws; closing commits the position, which is behind the record that was never handled well.
#[test]
fn closing_after_an_error_commits_records_that_were_not_handled() {
    let (story, commits) = Lab::play_with(30, 1, ONE_WAY, |lab| {
        append(&mut lab.world.borrow_mut(), &["a", "poison", "c"]);
        let (_, story) = consume(lab, &lab.client, SimTime::ZERO, earliest(), SimDuration::from_millis(10));
        let world = lab.world.clone();
        Box::new(move || {
            (story.take(), world.borrow().commits.iter().map(|(_, _, offset)| *offset).collect::<Vec<_>>())
        })
    });
    assert_eq!((lines(&story, "crashed").len(), lines(&story, ":c").len()), (1, 0), "{story:?}");
    assert_eq!(commits, [3]);
}

/// D3: a second member joins. Eagerly the first stops with everything, cooperatively it keeps what stays.
#[test]
fn a_cooperative_member_keeps_what_stays() {
    let shares = |cooperative| {
        Lab::play_with(60, 3, ONE_WAY, move |lab| {
            let other = lab.stage.service("other", ProcessSpec::default());
            other.process.start();
            let assignor = if cooperative { Assignor::CooperativeSticky } else { Assignor::Range };
            let config = JavaConsumerConfig { assignors: vec![assignor], ..JavaConsumerConfig::default() };
            let (one, first) = consume(lab, &lab.client, SimTime::ZERO, config.clone(), SimDuration::ZERO);
            let (two, _) = consume(lab, &other, SimTime::from_secs(20), config, SimDuration::ZERO);
            Box::new(move || {
                let joined = first.take().into_iter().map(|(_, what)| what).filter(|what| what.starts_with("joined"));
                (joined.collect::<Vec<_>>(), one.assigned().len() + two.assigned().len(), two.assigned().len())
            })
        })
    };
    let (joined, all, others) = shares(true);
    assert_eq!(joined[..2], ["joined [0, 1, 2]", "joined [0, 1]"]);
    assert!(
        joined.len() >= 3 && joined[1..].iter().all(|share| share == "joined [0, 1]"),
        "one more round: {joined:?}"
    );
    assert_eq!((all, others), (3, 1));
    let (joined, all, others) = shares(false);
    assert_eq!((joined.len(), all), (2, 3), "{joined:?}");
    assert!(others >= 1);
}

/// KIP-345: a static member that closes does not leave, so its session must end before others get its partitions.
#[test]
fn a_static_member_does_not_leave() {
    let left = |instance: Option<&'static str>| {
        Lab::play_with(30, 1, ONE_WAY, move |lab| {
            let config = JavaConsumerConfig { instance: instance.map(String::from), ..JavaConsumerConfig::default() };
            let (consumer, _) = consume(lab, &lab.client, SimTime::ZERO, config, SimDuration::ZERO);
            let sim = lab.sim().clone();
            lab.client.process.spawn(async move {
                sim.sleep_until(SimTime::from_secs(10)).await;
                consumer.close().await;
            });
            let world = lab.world.clone();
            Box::new(move || world.borrow().count("Leave"))
        })
    };
    assert_eq!((left(None), left(Some("i-1"))), (1, 0));
}

/// D2: the next fetch is answered while the handler still works. It was sent by the poll that returned what is handled, and only the
/// next poll sends another.
#[test]
fn records_are_fetched_ahead_of_the_handler() {
    let (story, fetches) = Lab::play_with(20, 1, ONE_WAY, |lab| {
        append(&mut lab.world.borrow_mut(), &["a"]);
        lab.at(SimTime::from_millis(300), |world| append(world, &["b"]));
        let (_, story) = consume(lab, &lab.client, SimTime::ZERO, earliest(), SimDuration::from_secs(5));
        let world = lab.world.clone();
        Box::new(move || {
            let sent = |at: u64| (300..5_000).contains(&at);
            let fetches = world.borrow().log.iter().filter(|(at, _, what)| *what == "Fetch" && sent(*at)).count();
            (story.take(), fetches)
        })
    });
    let (first, second) = (lines(&story, ":a")[0], lines(&story, ":b")[0]);
    assert!(first < 300 && second - first < 5_010, "b was there when the handler of a had ended: {story:?}");
    assert_eq!(fetches, 0);
}
