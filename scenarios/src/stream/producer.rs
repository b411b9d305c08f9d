//! The producer service: takes orders over HTTP, writes each as one event, and answers when that is acknowledged.
//!
//! **Not modelled:** a database beside the topic, so neither a dual write nor an outbox.

use std::cell::RefCell;
use std::rc::Rc;

use gridlock_sim::engine::{Draws, Gate};
use gridlock_sim::grpc::{Message, Site, Status};
use gridlock_sim::http::HttpServer;
use gridlock_sim::kafka::client::{Kafka, KafkaError};
use gridlock_sim::kafka::cluster::Cluster;
use gridlock_sim::kafka::partitioner::Partitioner;
use gridlock_sim::kafka::producer::java::JavaProducer;
use gridlock_sim::kafka::producer::{Message as Sent, Producer};
use gridlock_sim::kafka::record::Record;
use gridlock_sim::stage::Stage;
use gridlock_sim::trace::Code;

use super::books::Books;
use super::code::StreamCode;
use super::spec::{Connection, OnSendError, Poison, PoisonSpec, ProducerSpec, Profile, StreamSpec};
use super::{ANSWER_BYTES, CONNECT_AGAIN, DOOR, PRODUCER, java};
use crate::kafka::payload;

const NOT_SENT: Status = Status::new(Code::Unavailable, "The event could not be written");
/// The key that a large customer's events share.
const HOT_KEY: &[u8] = b"67890";

pub(super) fn build(stage: &Stage, cluster: &Cluster, spec: &StreamSpec, code: &StreamCode, books: &Books) {
    let site = stage.service(PRODUCER, spec.producer.process.clone());
    let (stage, cluster, spec, books, code) = (stage.clone(), cluster.clone(), spec.clone(), books.clone(), *code);
    site.process.clone().on_start(move || {
        let service = Rc::new(Service {
            sender: Sender::new(&cluster, &site, &spec.producer),
            partitioner: code.partitioner.map(|make| RefCell::new(make())),
            partitions: spec.topic.partitions,
            topic: spec.topic.name.clone(),
            poison: spec.poison.clone(),
            spec: spec.producer.clone(),
            hot: stage.sim().draws("producer/hot"),
            books: books.clone(),
            site: site.clone(),
        });
        service.sender.open(&site, &cluster);
        HttpServer::listen(&site, DOOR, spec.producer.cpu, move |_, order| service.clone().take(order))
            .expect("a fresh process owns its ports");
    });
}

struct Service {
    site: Site,
    spec: ProducerSpec,
    poison: PoisonSpec,
    topic: String,
    /// Decides in place of the client library's.
    partitioner: Option<RefCell<Box<dyn Partitioner>>>,
    partitions: u32,
    sender: Sender,
    hot: Draws,
    books: Books,
}

impl Service {
    async fn take(self: Rc<Self>, request: Message) -> Result<Message, Status> {
        let order = request.get::<u64>().copied().unwrap_or_default();
        self.books.placed(order);
        let sent = self.sender.send(&self.topic, self.addressed(self.event(order))).await;
        if sent.is_err() && self.spec.on_error == OnSendError::Report {
            return Err(NOT_SENT);
        }
        self.books.acknowledged(order);
        Ok(Message::new(ANSWER_BYTES, ()))
    }

    /// The event with its partition, if code decides on that.
    fn addressed(&self, record: Record) -> Sent {
        let choose = |code: &RefCell<Box<dyn Partitioner>>| {
            code.borrow_mut().partition(record.key.as_deref(), self.partitions) % self.partitions
        };
        let partition = self.partitioner.as_ref().map(choose);
        Sent { record, partition }
    }

    fn event(&self, order: u64) -> Record {
        let mut record = payload::order_created(order, self.spec.keyed, self.site.process.sim().now());
        if self.hot.at(order).below(1000) < u64::from(self.spec.hot_permille) {
            record.key = Some(HOT_KEY.into());
        }
        if self.poison.kind == Poison::Malformed && self.poison.orders.contains(&order) {
            record.value = record.value.map(|whole| whole[..whole.len() / 2].into());
        }
        record
    }
}

/// How events are sent.
enum Sender {
    Kept(Producer, Gate),
    PerSend(Kafka, Box<ProducerSpec>),
    PerSendShared(Producer),
    Java(JavaProducer),
}

impl Sender {
    fn new(cluster: &Cluster, site: &Site, spec: &ProducerSpec) -> Self {
        if spec.profile == Profile::Java {
            return Self::Java(JavaProducer::new(&java(cluster, site, PRODUCER), spec.java.clone()));
        }
        let kafka = cluster.client(site, PRODUCER, spec.client.clone());
        match spec.connection {
            Connection::Kept => Self::Kept(kafka.producer(spec.config.clone()), Gate::default()),
            Connection::PerSend => Self::PerSend(kafka, Box::new(spec.clone())),
            Connection::PerSendShared => Self::PerSendShared(kafka.producer(spec.config.clone())),
        }
    }

    /// Connects what is kept. Who cannot connect tries again: a process that gave up would be started again to do the same.
    fn open(&self, site: &Site, cluster: &Cluster) {
        let Self::Kept(producer, gate) = self else { return };
        let (producer, gate, cluster, process) =
            (producer.clone(), gate.clone(), cluster.clone(), site.process.clone());
        site.process.spawn(async move {
            cluster.ready().await;
            while producer.connect().await.is_err() {
                process.sleep(CONNECT_AGAIN).await;
            }
            gate.open();
        });
    }

    async fn send(&self, topic: &str, event: Sent) -> Result<(), KafkaError> {
        match self {
            Self::Kept(producer, connected) => {
                connected.passed().await;
                producer.send(topic, [event]).await.map(drop)
            }
            Self::PerSend(kafka, spec) => {
                connect_send_disconnect(&kafka.producer(spec.config.clone()), topic, event.record).await
            }
            Self::PerSendShared(producer) => connect_send_disconnect(producer, topic, event.record).await,
            Self::Java(producer) => producer.send(topic, event.record).await.map(drop),
        }
    }
}

// ANCHOR: per_send
/// The article's way: what a program does once at its start is done for each event.
async fn connect_send_disconnect(producer: &Producer, topic: &str, record: Record) -> Result<(), KafkaError> {
    let sent = async {
        producer.connect().await?;
        producer.send(topic, [record]).await
    };
    let sent = sent.await;
    producer.disconnect().await;
    sent.map(drop)
}
// ANCHOR_END: per_send
