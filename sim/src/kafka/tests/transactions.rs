//! E13 and C4: who reads what of a transaction.

use std::cell::Cell;

use super::*;
use crate::kafka::client::{ConsumerConfig, JavaConsumerConfig};
use crate::kafka::producer::Producer;
use crate::kafka::protocol::{Isolation, Request, Response, WriteTxnMarkers};
use crate::kafka::record::{Batch, Stamp, TransactionResult};
use crate::kafka::types::{Acks, LeaderEpoch, ProducerId};

fn one_partition() -> TopicConfig {
    TopicConfig { partitions: 1, ..three_by_three() }
}

/// A producer of transactions in partition 0, request by request.
struct Writer {
    lab: Lab,
    producer: Producer,
    id: (ProducerId, u16),
    sequence: Cell<u32>,
}

impl Writer {
    async fn begin(lab: &Lab, name: &str) -> Self {
        let producer = lab.producer(&lab.service(name), Acks::All).await;
        lab.send(&producer, 0, name).await.expect("is stored"); // and the leader is known
        let Response::InitProducerId(id) = ask(lab, &producer, Request::InitProducerId).await else { panic!("no id") };
        Self { lab: lab.clone(), producer, id: id.expect("brokers are registered"), sequence: Cell::new(0) }
    }

    async fn send(&self, value: &str) {
        let (id, epoch) = self.id;
        let stamp = Stamp { id, epoch, sequence: self.sequence.replace(self.sequence.get() + 1) };
        let batch = Batch::transactional([Record::new(None, value.as_bytes(), self.lab.now())], stamp);
        let batches = vec![(TopicPartition::new(TOPIC, 0), batch)];
        let request = Request::Produce { acks: Acks::All, timeout: secs(30), batches };
        let Response::Produce(produced) = ask(&self.lab, &self.producer, request).await else { panic!("no answer") };
        assert!(produced[0].error.is_ok(), "{:?}", produced[0].error);
    }

    async fn end(&self, result: TransactionResult) {
        let partitions = vec![TopicPartition::new(TOPIC, 0)];
        let markers = WriteTxnMarkers { producer: self.id, result, coordinator: LeaderEpoch(0), partitions };
        let answer = ask(&self.lab, &self.producer, Request::WriteTxnMarkers(markers)).await;
        assert!(matches!(&answer, Response::WriteTxnMarkers(all) if all[0].1.is_ok()), "{answer:?}");
    }
}

/// Asks the leader of partition 0.
async fn ask(lab: &Lab, producer: &Producer, request: Request) -> Response {
    let leader = producer.cluster().find_broker(Some(lab.leader(0))).await.expect("it is up");
    leader.send(request).await.expect("it answers")
}

impl Lab {
    /// Readers of both clients at both levels, from the beginning: kafkajs uncommitted and committed, Java uncommitted and committed.
    fn readers(&self) -> [Member; 4] {
        let kafkajs = |name: &str, read_uncommitted| {
            let config = ConsumerConfig { from_beginning: true, read_uncommitted, ..ConsumerConfig::default() };
            self.member_with(&self.service(name), name, config, Handling::default())
        };
        let java = |name: &str, isolation| {
            let config = JavaConsumerConfig { from_beginning: true, isolation, ..JavaConsumerConfig::default() };
            self.java_with(name, name, config).1
        };
        [
            kafkajs("js-uncommitted", true),
            kafkajs("js-committed", false),
            java("java-uncommitted", Isolation::ReadUncommitted),
            java("java-committed", Isolation::ReadCommitted),
        ]
    }
}

/// The phantom: it was read, and was taken back. A reader of what is committed waits until it is decided, and never gets it; what
/// was sent after it waits, too.
#[test]
fn e13_a_reader_of_uncommitted_sees_what_was_aborted() {
    Lab::play(1, 60, one_partition(), async |lab| {
        let writer = Writer::begin(&lab, "app").await;
        let readers = lab.readers();
        let read = || readers.each_ref().map(Member::read);
        lab.wait_until(|_| read().iter().all(|values| values.len() == 1)).await;
        writer.send("phantom").await;
        lab.send(&writer.producer, 0, "after").await.expect("is stored");
        lab.sleep(secs(10)).await;
        let (all, decided) = (vec!["app", "phantom", "after"], vec!["app"]);
        assert_eq!(read(), [&all, &decided, &all, &decided].map(|values| texts(values)));
        writer.end(TransactionResult::Abort).await;
        writer.send("real").await;
        writer.end(TransactionResult::Commit).await;
        lab.sleep(secs(10)).await;
        let (all, decided) = (vec!["app", "phantom", "after", "real"], vec!["app", "after", "real"]);
        assert_eq!(read(), [&all, &decided, &all, &decided].map(|values| texts(values)));
        assert_eq!(lab.log(0), all, "the log keeps what was aborted");
    });
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// A consumer that only finds markers and aborted records moves on behind them, and does not ask for them for ever.
#[test]
fn a_committed_reader_passes_what_it_drops() {
    Lab::play(1, 60, one_partition(), async |lab| {
        let writer = Writer::begin(&lab, "app").await;
        let readers = lab.readers();
        lab.wait_until(|_| readers.iter().all(|reader| reader.read().len() == 1)).await;
        writer.send("void").await;
        writer.end(TransactionResult::Abort).await;
        lab.sleep(secs(15)).await; // and a commit of offsets, every 5 s for Java
        lab.send(&writer.producer, 0, "end").await.expect("is stored");
        lab.sleep(secs(15)).await;
        for (reader, expected) in readers.iter().zip([3, 2, 3, 2]) {
            assert_eq!(reader.read().len(), expected);
        }
        let stored = ["js-committed", "java-committed"]
            .map(|group| lab.cluster.committed(group, &TopicPartition::new(TOPIC, 0)).expect("it has committed"));
        assert_eq!(stored, [Offset(4); 2], "one before, one void, its marker, one at the end");
    });
}
