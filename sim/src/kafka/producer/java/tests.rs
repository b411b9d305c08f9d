//! Goal: what the Java profile does differently from kafkajs (MODEL-REFERENCE.md C1, C4). Method: the same fake brokers and faults.

use std::cell::RefCell;
use std::rc::Rc;

use super::JavaProducer;
use crate::engine::{SimDuration, SimTime};
use crate::kafka::client::config::JavaProducerConfig;
use crate::kafka::client::java::JavaClient;
use crate::kafka::fake::Lab;
use crate::kafka::record::Record;
use crate::kafka::types::{Acks, BrokerId, ErrorCode, TopicPartition};

/// When sends ended (ms), and how; an error as its text.
type Ends = Rc<RefCell<Vec<(u64, Result<(), String>)>>>;

fn producer(lab: &Lab, config: JavaProducerConfig) -> JavaProducer {
    let seeds = lab.book.keys().copied().collect();
    let client = JavaClient { site: lab.client.clone(), name: "java".into(), book: lab.book.clone(), seeds };
    JavaProducer::new(&client, config)
}

/// Sends records with one key at these times.
fn send_at(lab: &Lab, producer: &JavaProducer, ends: &Ends, times: impl IntoIterator<Item = u64>) {
    for (nth, at) in times.into_iter().enumerate() {
        let (producer, ends, sim) = (producer.clone(), ends.clone(), lab.sim().clone());
        lab.client.process.spawn(async move {
            sim.sleep_until(SimTime::from_millis(at)).await;
            let record = Record::new(Some(b"12345"), nth.to_string().as_bytes(), sim.now());
            let result = producer.send("t", record).await.map(drop).map_err(|error| error.to_string());
            ends.borrow_mut().push((sim.now().as_nanos() / 1_000_000, result));
        });
    }
}

fn keyed() -> TopicPartition {
    TopicPartition::new("t", 2) // of 12345 (C2)
}

#[test]
fn records_that_linger_together_travel_together() {
    let produces = |linger| {
        Lab::play(5, move |lab| {
            let linger = SimDuration::from_millis(linger);
            let producer = producer(lab, JavaProducerConfig { linger, ..JavaProducerConfig::default() });
            let ends = Ends::default();
            send_at(lab, &producer, &ends, [0].into_iter().chain((0..10).map(|nth| 1_000 + nth)));
            let world = lab.world.clone();
            Box::new(move || (world.borrow().count("Produce"), ends.borrow().len()))
        })
    };
    assert_eq!(produces(0), (11, 11));
    assert_eq!(produces(100), (2, 11));
}

/// C1: no count of retries gives up; a failover of 20 s is waited out, and the order is kept.
#[test]
fn a_long_failover_is_waited_out_in_order() {
    let (ends, values) = Lab::play(60, |lab| {
        let (producer, ends, world) =
            (producer(lab, JavaProducerConfig::default()), Ends::default(), lab.world.clone());
        lab.crash_at(SimTime::from_millis(1_003), 3);
        lab.at(SimTime::from_secs(21), |world| {
            world.alive.pop();
            world.partitions.get_mut(&keyed()).expect("exists").leader = Some(BrokerId(1));
        });
        send_at(lab, &producer, &ends, (0..20).map(|nth| 900 + nth * 10));
        Box::new(move || (ends.take(), world.borrow().values(&keyed())))
    });
    assert!(ends.len() == 20 && ends.iter().all(|(_, end)| end.is_ok()), "{ends:?}");
    assert!(ends.last().expect("twenty").0 < 24_000, "{ends:?}");
    assert_eq!(values, (0..20).map(|nth| nth.to_string()).collect::<Vec<_>>());
}

#[test]
fn the_delivery_timeout_ends_it() {
    let ends = Lab::play(200, |lab| {
        let (producer, ends) = (producer(lab, JavaProducerConfig::default()), Ends::default());
        lab.crash_at(SimTime::from_secs(1), 3);
        send_at(lab, &producer, &ends, [0, 2_000]);
        Box::new(move || ends.take())
    });
    assert_eq!(ends[0].1, Ok(()));
    assert!(ends[1].1.is_err() && (122_000..124_000).contains(&ends[1].0), "{ends:?}");
}

/// C4: the retry after a lost answer carries the same sequence number, by which a broker knows it.
#[test]
fn a_retry_keeps_its_sequence_number() {
    let (sequences, values) = Lab::play(10, |lab| {
        let (producer, ends, world) =
            (producer(lab, JavaProducerConfig::default()), Ends::default(), lab.world.clone());
        lab.at(SimTime::from_millis(500), |world| world.lost_answers = 1);
        send_at(lab, &producer, &ends, [0, 1_000, 2_000]);
        Box::new(move || {
            let world = world.borrow();
            (world.partitions[&keyed()].sequences.clone(), world.values(&keyed()))
        })
    });
    assert_eq!((sequences, values), (vec![0, 1, 1, 2], ["0", "1", "2"].map(String::from).to_vec()));
}

/// E2: without idempotence, a batch in flight overtakes one that failed.
#[test]
fn without_idempotence_a_retry_reorders() {
    let values = |idempotent| {
        Lab::play(10, move |lab| {
            let config = JavaProducerConfig { idempotent, ..JavaProducerConfig::default() };
            let (producer, ends, world) = (producer(lab, config), Ends::default(), lab.world.clone());
            lab.world.borrow_mut().replication = SimDuration::from_millis(20);
            lab.at(SimTime::from_millis(900), |world| world.produce_errors.push_back(ErrorCode::NotEnoughReplicas));
            send_at(lab, &producer, &ends, [0, 1_000, 1_010]);
            Box::new(move || world.borrow().values(&keyed()))
        })
    };
    assert_eq!(values(true), ["0", "1", "2"]);
    assert_eq!(values(false), ["0", "2", "1"]);
}

/// C1: a partition without a leader spoils nothing but itself, unlike in kafkajs (B4).
#[test]
fn one_partition_without_a_leader_leaves_the_others_alone() {
    let ends = Lab::play(10, |lab| {
        lab.world.borrow_mut().partitions.get_mut(&TopicPartition::new("t", 0)).expect("exists").leader = None;
        let (producer, ends) = (producer(lab, JavaProducerConfig::default()), Ends::default());
        send_at(lab, &producer, &ends, [1_000]);
        Box::new(move || ends.take())
    });
    assert_eq!(ends.len(), 1);
    assert!(ends[0].1.is_ok() && ends[0].0 < 1_500, "{ends:?}");
}

/// A request that takes longer than `request.timeout.ms` ends its connection; the broker hears that nobody waits any more.
#[test]
fn a_frozen_leader_costs_the_request_timeout_and_the_connection() {
    let (ends, gone) = Lab::play(80, |lab| {
        let config = JavaProducerConfig { acks: Acks::All, ..JavaProducerConfig::default() };
        let (producer, ends) = (producer(lab, config), Ends::default());
        lab.at(SimTime::from_millis(500), |world| world.parked_until = SimTime::from_secs(40));
        send_at(lab, &producer, &ends, [0, 1_000]);
        let node = lab.nodes[2].clone();
        Box::new(move || (ends.take(), node.with(|broker| broker.gone)))
    });
    assert_eq!(gone, Some(1));
    assert!(ends[1].1.is_ok() && (40_000..41_000).contains(&ends[1].0), "{ends:?}");
}
