//! E13 and C4: who reads what of a transaction.

use std::cell::Cell;

use super::*;
use crate::kafka::client::{ConsumerConfig, JavaConsumerConfig};
use crate::kafka::producer::Producer;
use crate::kafka::protocol::{Isolation, Request, Response};
use crate::kafka::record::{Batch, Stamp, TransactionResult};
use crate::kafka::transaction::{TransactionRequest, TransactionResponse};
use crate::kafka::types::{Acks, ErrorCode, ProducerId};

fn one_partition() -> TopicConfig {
    TopicConfig { partitions: 1, ..three_by_three() }
}

/// A producer of transactions in partition 0, request by request. Its transactional id is its name.
struct Writer {
    lab: Lab,
    producer: Producer,
    name: Rc<str>,
    id: (ProducerId, u16),
    sequence: Cell<u32>,
}

impl Writer {
    /// Stores its name, outside of a transaction, and gets its id. What an older one left open is aborted before.
    async fn begin(lab: &Lab, site: &str, name: &str, timeout: SimDuration) -> Self {
        let producer = lab.producer(&lab.service(site), Acks::All).await;
        lab.send(&producer, 0, site).await.expect("is stored"); // and the leader is known
        let (lab, name, sequence) = (lab.clone(), Rc::<str>::from(name), Cell::new(0));
        let mut writer = Self { lab, producer, name: name.clone(), id: (ProducerId(0), 0), sequence };
        writer.id = loop {
            match writer.coordinate(TransactionRequest::InitProducerId { id: name.clone(), timeout }).await {
                TransactionResponse::Initialized(id, epoch) => break (id, epoch),
                TransactionResponse::Error(error) if is_passing(error) => writer.lab.sleep(millis(100)).await,
                other => panic!("{other:?}"),
            }
        };
        writer
    }

    async fn ask(&self, broker: BrokerId, request: Request) -> Response {
        let broker = self.producer.cluster().find_broker(Some(broker)).await.expect("it is up");
        broker.send(request).await.expect("it answers")
    }

    /// Asks the coordinator, once it is there.
    async fn coordinate(&self, request: TransactionRequest) -> TransactionResponse {
        loop {
            let find = Request::FindTransactionCoordinator(self.name.clone());
            match self.ask(self.lab.leader(0), find).await {
                Response::FindCoordinator(Ok(coordinator)) => {
                    let answer = self.ask(coordinator, Request::Transaction(request)).await;
                    let Response::Transaction(answer) = answer else { panic!("{answer:?}") };
                    return answer;
                }
                _ => self.lab.sleep(millis(100)).await,
            }
        }
    }

    /// Makes the partition part of the transaction, and sends to it.
    async fn send(&self, value: &str) -> ErrorCode {
        let partitions = vec![TopicPartition::new(TOPIC, 0)];
        let (id, producer) = (self.name.clone(), self.id);
        loop {
            let add = TransactionRequest::AddPartitions { id: id.clone(), producer, partitions: partitions.clone() };
            match self.coordinate(add).await {
                TransactionResponse::Error(error) if is_passing(error) => self.lab.sleep(millis(20)).await,
                TransactionResponse::Error(error) => return error,
                _ => return self.produce(value).await,
            }
        }
    }

    async fn produce(&self, value: &str) -> ErrorCode {
        let (id, epoch) = self.id;
        let stamp = Stamp { id, epoch, sequence: self.sequence.replace(self.sequence.get() + 1) };
        let batch = Batch::transactional([Record::new(None, value.as_bytes(), self.lab.now())], stamp);
        let batches = vec![(TopicPartition::new(TOPIC, 0), batch)];
        let request = Request::Produce { acks: Acks::All, timeout: secs(30), batches };
        let Response::Produce(produced) = self.ask(self.lab.leader(0), request).await else { panic!("no answer") };
        produced[0].error
    }

    async fn end(&self, result: TransactionResult) -> TransactionResponse {
        self.coordinate(TransactionRequest::End { id: self.name.clone(), producer: self.id, result }).await
    }
}

/// Errors after which a client tries again.
fn is_passing(error: ErrorCode) -> bool {
    use ErrorCode as E;
    let coordinator = [E::CoordinatorNotAvailable, E::CoordinatorLoadInProgress, E::NotCoordinator];
    error == E::ConcurrentTransactions || coordinator.contains(&error)
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
        let writer = Writer::begin(&lab, "app", "t", secs(60)).await;
        let readers = lab.readers();
        let read = || readers.each_ref().map(Member::read);
        lab.wait_until(|_| read().iter().all(|values| values.len() == 1)).await;
        assert_eq!(writer.send("phantom").await, ErrorCode::None);
        lab.send(&writer.producer, 0, "after").await.expect("is stored");
        lab.sleep(secs(10)).await;
        let (all, decided) = (vec!["app", "phantom", "after"], vec!["app"]);
        assert_eq!(read(), [&all, &decided, &all, &decided].map(|values| texts(values)));
        assert_eq!(writer.end(TransactionResult::Abort).await, TransactionResponse::Done);
        assert_eq!(writer.send("real").await, ErrorCode::None);
        assert_eq!(writer.end(TransactionResult::Commit).await, TransactionResponse::Done);
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
        let writer = Writer::begin(&lab, "app", "t", secs(60)).await;
        let readers = lab.readers();
        lab.wait_until(|_| readers.iter().all(|reader| reader.read().len() == 1)).await;
        assert_eq!(writer.send("void").await, ErrorCode::None);
        assert_eq!(writer.end(TransactionResult::Abort).await, TransactionResponse::Done);
        lab.sleep(secs(15)).await; // and a commit of offsets, every 5 s for Java
        let java = lab.cluster.committed("java-committed", &TopicPartition::new(TOPIC, 0));
        assert_eq!(java, Some(Offset(3)), "behind the marker");
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

/// C4: one open transaction stalls all readers of committed records, until its coordinator aborts it: after 20 s here (60 s by
/// default), and up to 10 s more until it looks.
#[test]
fn c4_a_producer_that_dies_stalls_committed_readers_until_its_transaction_times_out() {
    Lab::play(1, 80, one_partition(), async |lab| {
        let writer = Writer::begin(&lab, "app", "t", secs(20)).await;
        let [_, committed, ..] = lab.readers();
        assert_eq!(writer.send("open").await, ErrorCode::None);
        let other = lab.producer(&lab.service("other"), Acks::All).await;
        lab.send(&other, 0, "after").await.expect("is stored");
        let from = lab.now();
        lab.wait_until(|_| committed.read().contains(&"after".to_owned())).await;
        between("ms of stalling", lab.since(from), 20_000, 31_000);
        assert_eq!(committed.read(), ["app", "after"]);
        assert_eq!(writer.send("late").await, ErrorCode::ProducerFenced);
        assert_eq!(
            writer.produce("later").await,
            ErrorCode::InvalidProducerEpoch,
            "the partition refuses it by itself"
        );
    });
}

/// The second producer of a transactional id ends what the first has left open, and the first, a zombie, can do no harm.
#[test]
fn c4_a_new_producer_fences_the_zombie() {
    Lab::play(1, 60, one_partition(), async |lab| {
        let zombie = Writer::begin(&lab, "old", "t", secs(60)).await;
        assert_eq!(zombie.send("left open").await, ErrorCode::None);
        let [_, committed, ..] = lab.readers();
        let writer = Writer::begin(&lab, "new", "t", secs(60)).await;
        assert_eq!((writer.id.0, writer.id.1), (zombie.id.0, zombie.id.1 + 2), "one epoch was for the abort");
        assert_eq!(zombie.produce("zombie").await, ErrorCode::InvalidProducerEpoch);
        assert_eq!(zombie.end(TransactionResult::Commit).await, TransactionResponse::Error(ErrorCode::ProducerFenced));
        assert_eq!(writer.send("good").await, ErrorCode::None);
        assert_eq!(writer.end(TransactionResult::Commit).await, TransactionResponse::Done);
        lab.sleep(secs(5)).await;
        assert_eq!(committed.read(), ["old", "new", "good"]);
    });
}
