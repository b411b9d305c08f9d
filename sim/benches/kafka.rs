//! What a record costs on its way through three brokers: produced with acks=all, replicated to two followers, read by a consumer.
//!
//! The machines alone, without network, processes and event queue: every message is handed over at once. Rates depend on the
//! machine and are printed for information; what batching saves is a ratio.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::disallowed_types, reason = "a benchmark measures wall time")]

#[expect(dead_code, clippy::disallowed_methods, reason = "the engine's own echo belongs to another benchmark")]
mod common;
#[expect(dead_code, reason = "nothing is promised of a record")]
mod promise;
mod rounds;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use common::rate;
use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::kafka::broker::{Broker, BrokerConfig, Disk};
use gridlock_sim::kafka::controller::{ControlRequest, ControlResponse};
use gridlock_sim::kafka::group::GroupConfig;
use gridlock_sim::kafka::machine::{Input, Output, Sent, Ticket};
use gridlock_sim::kafka::metadata::{MetadataRecord, PartitionState, TopicConfig};
use gridlock_sim::kafka::protocol::{FetchPartition, Isolation, Request, Response};
use gridlock_sim::kafka::record::{Batch, Record};
use gridlock_sim::kafka::types::{Acks, BrokerId, LeaderEpoch, Offset, TopicPartition};
use promise::known;
use rounds::median;

const ROUNDS: u64 = 5;
const RECORDS: u64 = 100_000;
/// An order as JSON (MODEL-REFERENCE.md F).
const ORDER: [u8; 118] = [b'x'; 118];
const BROKERS: [BrokerId; 3] = [BrokerId(1), BrokerId(2), BrokerId(3)];
const PARTITIONS: u32 = 3;

/// Three brokers that are told at once what the others say.
struct Bench {
    now: SimTime,
    brokers: BTreeMap<BrokerId, Broker>,
    inbox: VecDeque<(BrokerId, Input)>,
    /// Requests among brokers: who awaits the answer.
    open: BTreeMap<Ticket, (BrokerId, Sent)>,
    tickets: u64,
    answers: VecDeque<Response>,
}

impl Bench {
    fn new() -> Self {
        let start =
            |id| Broker::start(id, BrokerConfig::default(), GroupConfig::default(), Disk::default(), SimTime::ZERO);
        let mut bench = Self {
            now: SimTime::ZERO,
            brokers: BROKERS.into_iter().map(|id| (id, start(id))).collect(),
            inbox: VecDeque::new(),
            open: BTreeMap::new(),
            tickets: 0,
            answers: VecDeque::new(),
        };
        for id in BROKERS {
            bench.act(id, |broker, now| broker.set_controller(now, Some(BROKERS[0])));
        }
        let records = decisions();
        for id in BROKERS {
            bench.act(id, |broker, now| broker.apply(now, &records));
        }
        bench.run();
        bench
    }

    fn act(&mut self, id: BrokerId, act: impl FnOnce(&mut Broker, SimTime) -> Vec<Output>) {
        let outputs = act(self.brokers.get_mut(&id).expect("one of three"), self.now);
        for output in outputs {
            match output {
                Output::Answer { ticket, response } => match self.open.remove(&ticket) {
                    Some((asker, sent)) => self.inbox.push_back((asker, Input::Answer { sent, answer: response })),
                    None => self.answers.extend(response),
                },
                Output::Send { sent, request: Request::Control(request), .. } => {
                    let answer = decide(id, &request).map(Response::Control);
                    self.inbox.extend(answer.map(|answer| (id, Input::Answer { sent, answer: Some(answer) })));
                }
                Output::Send { sent, to, request, .. } => {
                    let ticket = self.ask(to, request);
                    self.open.insert(ticket, (id, sent));
                }
            }
        }
    }

    fn ask(&mut self, to: BrokerId, request: Request) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.inbox.push_back((to, Input::Request { ticket, request }));
        ticket
    }

    fn run(&mut self) {
        while let Some((id, input)) = self.inbox.pop_front() {
            self.act(id, |broker, now| broker.handle(now, input));
        }
        self.now = self.now + SimDuration::from_micros(1);
    }

    /// Writes a batch to a partition, and reads it.
    fn trip(&mut self, partition: &TopicPartition, leader: BrokerId, records: Rc<[Record]>, offset: Offset) -> u64 {
        let batches = vec![(partition.clone(), Batch::new(records, None))];
        self.ask(leader, Request::Produce { acks: Acks::All, timeout: SimDuration::from_secs(30), batches });
        self.run();
        assert!(matches!(self.answers.pop_front(), Some(Response::Produce(all)) if all[0].error.is_ok()));
        let want = FetchPartition {
            partition: partition.clone(),
            offset,
            leader_epoch: None,
            last_epoch: None,
            max_bytes: 1 << 20,
        };
        let (max_wait, max_bytes) = (SimDuration::from_secs(5), 10 << 20);
        self.ask(
            leader,
            Request::Fetch {
                replica: None,
                isolation: Isolation::ReadUncommitted,
                max_wait,
                min_bytes: 1,
                max_bytes,
                partitions: vec![want],
            },
        );
        self.run();
        match self.answers.pop_front() {
            Some(Response::Fetch(all)) => all[0].batches.iter().map(Batch::count).sum(),
            other => panic!("nothing to read: {other:?}"),
        }
    }
}

/// Three brokers are let in, and each leads one partition.
fn decisions() -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    for (broker, epoch) in BROKERS.into_iter().zip(1..) {
        records.push(MetadataRecord::BrokerRegistered { broker, epoch });
        records.push(MetadataRecord::BrokerChanged { broker, fenced: false, stopping: false });
    }
    let config = TopicConfig { partitions: PARTITIONS, replication_factor: 3, min_insync: 2, ..TopicConfig::default() };
    records.push(MetadataRecord::TopicCreated { topic: "orders".into(), config: Rc::new(config) });
    for partition in 0..PARTITIONS {
        let mut replicas = BROKERS;
        replicas.rotate_left(partition as usize % 3);
        let state = PartitionState {
            replicas: Rc::from(replicas),
            isr: replicas.to_vec(),
            leader: Some(replicas[0]),
            leader_epoch: LeaderEpoch(0),
            partition_epoch: 0,
        };
        records.push(MetadataRecord::PartitionChanged { partition: TopicPartition::new("orders", partition), state });
    }
    records
}

/// What the controller says; nothing where nobody waits.
fn decide(broker: BrokerId, request: &ControlRequest) -> Option<ControlResponse> {
    match request {
        ControlRequest::Register(_) => Some(ControlResponse::Registered(broker.0.into())),
        ControlRequest::Heartbeat { .. } => Some(ControlResponse::Alive { fenced: false, may_stop: false }),
        _ => None,
    }
}

fn records(batch: u64) -> u64 {
    let mut bench = Bench::new();
    let partitions: Vec<TopicPartition> = (0..PARTITIONS).map(|nth| TopicPartition::new("orders", nth)).collect();
    let batch: Rc<[Record]> = (0..batch).map(|_| Record::new(Some(b"12345"), &ORDER, SimTime::ZERO)).collect();
    let (mut ends, mut done) = ([Offset(0); PARTITIONS as usize], 0);
    while done < RECORDS {
        for (nth, partition) in partitions.iter().enumerate() {
            let read = bench.trip(partition, BROKERS[nth % 3], batch.clone(), ends[nth]);
            ends[nth] = ends[nth].plus(read);
            done += read;
        }
    }
    done
}

fn main() {
    let (mut single, mut batched) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        single.push(rate(|| records(1)));
        batched.push(rate(|| records(100)));
    }
    let (single, batched) = (median(single), median(batched));
    println!("records through produce, two replicas and a consumer; median of {ROUNDS} interleaved rounds");
    known("Kafka records, one in a batch, records/s", &format!("{single:.0}   {:.2} µs each", 1e6 / single));
    known("Kafka records, 100 in a batch, records/s", &format!("{batched:.0}   {:.1} times as many", batched / single));
}
