//! I7: what a send costs, and where it goes.

use super::*;
use crate::kafka::client::ProducerConfig;
use crate::kafka::producer::Producer;
use crate::kafka::types::Acks;

fn record() -> Record {
    Record::new(None, b"a", SimTime::ZERO)
}

/// Sends ten times with a producer that is connected before and disconnected after each; microseconds, sorted.
async fn reconnecting(lab: &Lab, mut producer: impl FnMut() -> Producer) -> Vec<u64> {
    let mut times = Vec::new();
    for nth in 0..20 {
        let (from, producer) = (lab.now(), producer());
        producer.connect().await.expect("brokers are up");
        lab.send(&producer, nth % 3, "a").await.expect("is stored");
        producer.disconnect().await;
        times.push(lab.now().since(from).as_nanos() / 1_000);
    }
    times.sort_unstable();
    times
}

/// Measured, p50 of a new one against that of a kept one: 3.0–4.1 against 1.4–1.5 ms (2.2 to 2.8 times as long) while little else ran, 4.6
/// against 1.9–2.6 ms (1.8 to 2.4 times) beside builds, 27 against 5 ms (5.4 times) on a machine with nothing to spare. On the first of
/// these 0.7–1.0 ms went into connect() (TCP and ApiVersions), 1.9–2.8 ms into send() (Metadata, Produce), 0.03 ms into disconnect(),
/// which waits for nobody; and CPU in all, 2.1 against 1.0 ms for the client and 4.5 against 2.9–3.6 ms for the three brokers. Here
/// are round trips alone: 4–5, and 5–6 with the replicas', against 2. The bounds are the least and the most that were measured.
#[test]
fn i7_a_new_producer_for_each_message_costs_a_multiple() {
    Lab::play(1, 20, three_by_three(), async |lab| {
        let site = lab.service("app");
        let kept = lab.producer(&site, Acks::All).await;
        let mut times = Vec::new();
        for nth in 0..23 {
            let from = lab.now();
            lab.send(&kept, nth % 3, "a").await.expect("is stored");
            times.push(lab.now().since(from).as_nanos() / 1_000);
        }
        times.drain(..3); // it connects to each leader once
        times.sort_unstable();
        let fresh = reconnecting(&lab, || lab.kafka(&site).producer(ProducerConfig::default())).await;
        between("p50 of new ones in tenths of that of a kept one", fresh[10] * 10 / times[10], 18, 54);
    });
}

/// C5: connect, send and disconnect take four round trips to a broker that leads the partition, and a fifth, which connects to its leader,
/// if the client begins with another. Each way of a round trip takes 5 ms here, and a single replica acknowledges at once.
#[test]
fn c5_a_new_producer_costs_a_fifth_round_trip_if_another_broker_leads() {
    let single = TopicConfig { partitions: 3, ..TopicConfig::default() };
    Lab::play(1, 20, single, async |lab| {
        let site = lab.service("app");
        for node in lab.cluster.brokers().iter().map(|id| lab.node(*id)) {
            lab.far_apart(&site, &node, millis(5));
        }
        for partition in 0..3 {
            let begins_with = lab.cluster.brokers()[0];
            let round_trips = if lab.leader(partition) == begins_with { 4 } else { 5 };
            let producer = lab.kafka(&site).producer(ProducerConfig::default());
            let from = lab.now();
            producer.connect().await.expect("brokers are up");
            lab.send(&producer, partition, "a").await.expect("is stored");
            producer.disconnect().await;
            between("the whole", lab.since(from), 10 * round_trips, 10 * round_trips + 2);
        }
        assert_ne!(lab.leader(0), lab.leader(1), "one of them is led by another broker");
    });
}

/// Measured: p50 313 ms; whoever meets the end of the old socket pays a retry of 300 ms (C5).
#[test]
fn i7_a_producer_connected_again_pays_a_retry() {
    Lab::play(1, 30, three_by_three(), async |lab| {
        let site = lab.service("app");
        let producer = lab.kafka(&site).producer(ProducerConfig::default());
        let times = reconnecting(&lab, || producer.clone()).await;
        between("p50", times[10] / 1000, 270, 360);
        between("the first", times[0] / 1000, 1, 20);
    });
}

/// Measured: 1 partition, 1 replica; the first send takes 328 ms, one retry of it.
#[test]
fn i7_an_auto_created_topic_has_one_partition_and_one_replica() {
    Lab::play(1, 20, three_by_three(), async |lab| {
        let producer = lab.producer(&lab.service("app"), Acks::All).await;
        lab.send(&producer, 0, "a").await.expect("is stored");
        let from = lab.now();
        producer.send("new", [record()]).await.expect("is stored");
        between("first send", lab.since(from), 240, 380);
        let state = |nth| lab.cluster.state_of(&TopicPartition::new("new", nth));
        assert_eq!(state(0).expect("it was made").replicas.len(), 1);
        assert_eq!(state(1), None);
    });
}

/// Measured: no key, one message a send: 10/10/10 of 30; seven in one send: 2/3/2.
#[test]
fn i7_messages_without_a_key_rotate() {
    Lab::play(1, 20, three_by_three(), async |lab| {
        let producer = lab.producer(&lab.service("app"), Acks::All).await;
        for _ in 0..30 {
            producer.send(TOPIC, [record()]).await.expect("is stored");
        }
        assert_eq!([0, 1, 2].map(|nth| lab.log(nth).len()), [10, 10, 10]);
        producer.send(TOPIC, (0..7).map(|_| record())).await.expect("is stored");
        let mut seven = [0, 1, 2].map(|nth| lab.log(nth).len() - 10);
        seven.sort_unstable();
        assert_eq!(seven, [2, 2, 3]);
    });
}

/// Measured: keys are placed as C2 says, `""` in partition 0.
#[test]
fn i7_keys_are_placed_as_the_table_says() {
    Lab::play(1, 20, three_by_three(), async |lab| {
        let producer = lab.producer(&lab.service("app"), Acks::All).await;
        for (key, partition) in [("12345", 2), ("67890", 0), ("A123", 2), ("B456", 2), ("order-1", 1), ("", 0)] {
            producer
                .send(TOPIC, [Record::new(Some(key.as_bytes()), key.as_bytes(), lab.now())])
                .await
                .expect("is stored");
            assert_eq!(lab.log(partition).last(), Some(&key.to_owned()));
        }
    });
}
