//! Goal: the costs, races and losses of kafkajs' producer (MODEL-REFERENCE.md C3–C5, I2, I3, I7). Method: one client against fake
//! brokers, 10 ms of round trip where round trips are counted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Producer;
use crate::engine::{SimDuration, SimTime};
use crate::kafka::client::{KafkaError, ProducerConfig};
use crate::kafka::fake::Lab;
use crate::kafka::record::Record;
use crate::kafka::types::{Acks, ErrorCode, TopicPartition};

const FIVE_MS: SimDuration = SimDuration::from_millis(5);

fn record(key: Option<&str>, value: &str) -> Record {
    Record::new(key.map(str::as_bytes), value.as_bytes(), SimTime::ZERO)
}

/// How long each send took (ms), and how it ended; an error as its text.
type Times = Rc<RefCell<Vec<(u64, Result<(), String>)>>>;

async fn timed(lab: &(crate::engine::Sim, Times), send: impl Future<Output = Result<(), KafkaError>>) {
    let began = lab.0.now();
    let result = send.await;
    lab.1.borrow_mut().push((lab.0.now().since(began).as_millis(), result.map_err(|error| error.to_string())));
}

async fn send_one(producer: &Producer) -> Result<(), KafkaError> {
    producer.send("t", [record(None, "a")]).await.map(|_| ())
}

fn times(lab: &Lab) -> (crate::engine::Sim, Times) {
    (lab.sim().clone(), Times::default())
}

/// C5: TCP, ApiVersions, Metadata, Produce, and TCP to the leader if it is not the seed.
#[test]
fn a_fresh_producer_costs_four_or_five_round_trips_and_a_kept_one_one() {
    let (fresh, kept) = Lab::play_with(20, 3, FIVE_MS, |lab| {
        let (fresh, kept, kafka) = (times(lab), times(lab), lab.kafka());
        let ends = (fresh.1.clone(), kept.1.clone());
        lab.client.process.spawn(async move {
            for _ in 0..9 {
                let producer = kafka.producer(ProducerConfig::default());
                let send = async {
                    producer.connect().await?;
                    send_one(&producer).await?;
                    producer.disconnect().await;
                    Ok(())
                };
                timed(&fresh, send).await;
            }
            let producer = kafka.producer(ProducerConfig::default());
            producer.connect().await.expect("brokers are up");
            for _ in 0..9 {
                timed(&kept, send_one(&producer)).await;
            }
        });
        Box::new(move || (ends.0.take(), ends.1.take()))
    });
    assert!(fresh.iter().chain(&kept).all(|(_, result)| result.is_ok()), "{fresh:?} {kept:?}");
    assert!(fresh.iter().all(|(took, _)| (40..43).contains(took) || (50..53).contains(took)), "{fresh:?}");
    assert!(fresh.iter().any(|(took, _)| *took < 45) && fresh.iter().any(|(took, _)| *took > 45), "{fresh:?}");
    assert!(kept[3..].iter().all(|(took, _)| (10..12).contains(took)), "{kept:?}");
}

/// C5, I7: the old socket's end tears down the new connection, which costs a retry of about 300 ms.
#[test]
fn the_same_producer_reconnected_at_once_meets_the_end_of_its_old_socket() {
    let took = Lab::play_with(20, 3, FIVE_MS, |lab| {
        let (log, producer) = (times(lab), lab.kafka().producer(ProducerConfig::default()));
        let ends = log.1.clone();
        lab.client.process.spawn(async move {
            for _ in 0..20 {
                let send = async {
                    producer.connect().await?;
                    send_one(&producer).await?;
                    producer.disconnect().await;
                    Ok(())
                };
                timed(&log, send).await;
            }
        });
        Box::new(move || ends.take())
    });
    assert!(took.len() == 20 && took.iter().all(|(_, result)| result.is_ok()), "{took:?}");
    let slow = took.iter().filter(|(took, _)| (270..450).contains(took)).count();
    let fast = took.iter().filter(|(took, _)| (30..60).contains(took)).count();
    assert!(slow + fast == 20 && slow >= 10, "{took:?}");
}

/// I7: strict rotation for single messages without a key.
#[test]
fn messages_without_a_key_rotate_and_keyed_ones_stay() {
    let values = Lab::play(20, |lab| {
        let (producer, world) = (lab.kafka().producer(ProducerConfig::default()), lab.world.clone());
        lab.client.process.spawn(async move {
            producer.connect().await.expect("brokers are up");
            for _ in 0..30 {
                send_one(&producer).await.expect("all is well");
            }
            let keyed = (0..5).map(|_| record(Some("12345"), "k"));
            producer.send("t", keyed).await.expect("all is well");
        });
        Box::new(move || {
            (0..3).map(|nth| world.borrow().values(&TopicPartition::new("t", nth)).len()).collect::<Vec<_>>()
        })
    });
    assert_eq!(values, [10, 10, 15]); // 12345 goes to partition 2 of 3 (C2)
}

/// C3: with the leader dead and metadata unchanged, a send gives up after its six attempts.
#[test]
fn a_send_to_a_dead_leader_gives_up_after_its_retries() {
    let took = Lab::play(60, |lab| {
        let (log, producer) = (times(lab), lab.kafka().producer(ProducerConfig::default()));
        let ends = log.1.clone();
        lab.crash_at(SimTime::from_secs(1), 3);
        lab.client.process.spawn(async move {
            producer.connect().await.expect("brokers are up");
            log.0.sleep_until(SimTime::from_secs(2)).await;
            let send = async { producer.send("t", [record(Some("12345"), "a")]).await.map(|_| ()) };
            timed(&log, send).await;
        });
        Box::new(move || ends.take())
    });
    let [(took, Err(error))] = &took[..] else { panic!("one failure, not {took:?}") };
    assert_eq!(error, "retries are used up: connection error: ECONNREFUSED");
    assert!((5_000..15_000).contains(took), "{took} ms");
}

/// The cure: once metadata names another leader, the next attempt goes there.
#[test]
fn a_send_survives_a_failover_that_ends_before_its_retries() {
    let (took, values) = Lab::play(60, |lab| {
        let (log, producer) = (times(lab), lab.kafka().producer(ProducerConfig::default()));
        let (ends, world) = (log.1.clone(), lab.world.clone());
        lab.crash_at(SimTime::from_secs(1), 3);
        lab.at(SimTime::from_secs(4), |world| {
            world.alive.pop();
            world.partitions.get_mut(&TopicPartition::new("t", 2)).expect("exists").leader =
                Some(crate::kafka::types::BrokerId(1));
        });
        lab.client.process.spawn(async move {
            producer.connect().await.expect("brokers are up");
            producer.send("t", [record(Some("12345"), "before")]).await.expect("all is well");
            log.0.sleep_until(SimTime::from_secs(2)).await;
            let send = async { producer.send("t", [record(Some("12345"), "during")]).await.map(|_| ()) };
            timed(&log, send).await;
        });
        Box::new(move || (ends.take(), world.borrow().values(&TopicPartition::new("t", 2))))
    });
    assert!(took[0].1.is_ok() && (2_000..8_000).contains(&took[0].0), "{took:?}");
    assert_eq!(values, ["before", "during"]);
}

/// E2: the broker has stored the record and says that replicas are missing; the retry stores it again.
#[test]
fn an_error_after_the_append_ends_in_a_duplicate() {
    let (result, values) = Lab::play(20, |lab| {
        let (log, producer) = (times(lab), lab.kafka().producer(ProducerConfig::default()));
        let (ends, world) = (log.1.clone(), lab.world.clone());
        lab.world.borrow_mut().lost_answers = 1;
        lab.client.process.spawn(async move {
            producer.connect().await.expect("brokers are up");
            timed(&log, async { producer.send("t", [record(Some("12345"), "a")]).await.map(|_| ()) }).await;
        });
        Box::new(move || (ends.take(), world.borrow().values(&TopicPartition::new("t", 2))))
    });
    assert!(result[0].1.is_ok());
    assert_eq!(values, ["a", "a"]);
}

/// EXP-10: a send without keys to three leaders, one of which fails at first: the retry deals the messages anew but asks only the
/// leader that failed, so some are lost and others doubled although the send succeeds.
#[test]
fn a_partly_failed_send_without_keys_loses_some_messages_and_doubles_others() {
    let counts = Lab::play(20, |lab| {
        let (producer, world) = (lab.kafka().producer(ProducerConfig::default()), lab.world.clone());
        let lab_world = world.clone();
        lab.client.process.spawn(async move {
            producer.connect().await.expect("brokers are up");
            send_one(&producer).await.expect("all is well");
            lab_world.borrow_mut().produce_errors.push_back(ErrorCode::NotEnoughReplicas);
            let seven = (0..7).map(|nth| record(None, &nth.to_string()));
            producer.send("t", seven).await.expect("resolves");
        });
        Box::new(move || {
            let mut counts: BTreeMap<String, u32> = (0..7).map(|nth| (nth.to_string(), 0)).collect();
            for nth in 0..3 {
                for value in world.borrow().values(&TopicPartition::new("t", nth)) {
                    *counts.entry(value).or_default() += 1;
                }
            }
            counts.remove("a");
            counts.into_values().collect::<Vec<_>>()
        })
    });
    assert_eq!(counts.len(), 7);
    assert!(counts.contains(&0) && counts.contains(&2), "{counts:?}");
}

#[test]
fn an_idempotent_producer_numbers_its_batches_and_needs_all_acks() {
    let (stamps, refused) = Lab::play(20, |lab| {
        let idempotent = ProducerConfig { idempotent: true, ..ProducerConfig::default() };
        let careless = lab.kafka().producer(ProducerConfig { acks: Acks::Leader, ..idempotent.clone() });
        let (producer, world) = (lab.kafka().producer(idempotent), lab.world.clone());
        let refused = Rc::new(RefCell::new(None));
        let seen = refused.clone();
        lab.client.process.spawn(async move {
            producer.connect().await.expect("brokers are up");
            for count in 1..4 {
                let records = (0..count).map(|_| record(Some("12345"), "a"));
                producer.send("t", records).await.expect("all is well");
            }
            *seen.borrow_mut() = careless.send("t", [record(None, "a")]).await.err().map(|error| error.to_string());
        });
        Box::new(move || {
            let sequences = world.borrow().partitions[&TopicPartition::new("t", 2)].sequences.clone();
            (sequences, refused.take())
        })
    });
    assert_eq!(stamps, [0, 1, 3]);
    assert_eq!(refused, Some("idempotence needs acks=all".to_string()));
}

#[test]
fn acks_0_waits_for_nobody_and_a_producer_that_is_not_connected_refuses() {
    let (took, values) = Lab::play_with(20, 1, FIVE_MS, |lab| {
        let (log, world) = (times(lab), lab.world.clone());
        let producer = lab.kafka().producer(ProducerConfig { acks: Acks::None, ..ProducerConfig::default() });
        let ends = log.1.clone();
        lab.client.process.spawn(async move {
            timed(&log, send_one(&producer)).await;
            producer.connect().await.expect("brokers are up");
            send_one(&producer).await.expect("all is well");
            timed(&log, send_one(&producer)).await;
        });
        Box::new(move || (ends.take(), world.borrow().values(&TopicPartition::new("t", 0)).len()))
    });
    assert_eq!(took, [(0, Err("the producer is disconnected".to_string())), (0, Ok(()))]);
    assert_eq!(values, 2);
}
