//! Goal: kafkajs' consumer as MODEL-REFERENCE.md D2, D4, D5 and I5–I8 describe it. Method: members against fake brokers with
//! handlers of a few lines; a log of deliveries and events, and the brokers' log of requests.

mod handlers;
mod isolation;
mod isolation_histories;
mod members;

use std::cell::RefCell;
use std::rc::Rc;

use super::{Consumer, ConsumerEvent, Delivery, HandlerError, handler};
use crate::engine::{SimDuration, SimTime};
use crate::grpc::Site;
use crate::kafka::client::{ClientConfig, ConsumerConfig, Kafka};
use crate::kafka::fake::{Lab, World};
use crate::kafka::record::{Batch, Record};
use crate::kafka::types::{BrokerId, ErrorCode, Offset, TopicPartition};
use crate::kafka::wire::AddressBook;

/// Deliveries (partition and value) and events, with their times in milliseconds.
type Story = Rc<RefCell<Vec<(u64, String)>>>;

fn millis(at: SimTime) -> u64 {
    at.as_nanos() / 1_000_000
}

fn part(nth: u32) -> TopicPartition {
    TopicPartition::new("t", nth)
}

fn value(delivery: &Delivery) -> String {
    String::from_utf8_lossy(delivery.record.value.as_deref().unwrap_or_default()).into_owned()
}

/// Appends one batch of records with these values.
fn append(world: &mut World, nth: u32, values: &[&str]) {
    let records: Vec<Record> = values.iter().map(|v| Record::new(None, v.as_bytes(), SimTime::ZERO)).collect();
    world.append(&part(nth), Batch::new(records, None));
}

fn from_the_beginning() -> ConsumerConfig {
    ConsumerConfig { from_beginning: true, ..ConsumerConfig::default() }
}

/// A process that consumes, and the story of it. Cheap to clone.
#[derive(Clone)]
struct Seat {
    site: Site,
    book: AddressBook,
    story: Story,
}

impl Seat {
    fn new(lab: &Lab, site: &Site) -> Self {
        Self { site: site.clone(), book: lab.book.clone(), story: Story::default() }
    }

    /// Starts a consumer now or later; `handle` decides what a message leads to.
    fn consume<F, A>(&self, at: SimTime, config: ConsumerConfig, handle: F) -> Consumer
    where
        F: Fn(Delivery) -> A + 'static,
        A: Future<Output = Result<(), HandlerError>> + 'static,
    {
        let seeds: Vec<BrokerId> = self.book.keys().copied().collect();
        let kafka = Kafka::new(&self.site, "client->kafka", &self.book, &seeds, ClientConfig::default());
        let (consumer, sim) = (kafka.consumer("g", config), self.site.process.sim().clone());
        let (events, clock) = (self.story.clone(), sim.clone());
        consumer.on(move |event| events.borrow_mut().extend(words(event).map(|what| (millis(clock.now()), what))));
        let (deliveries, clock) = (self.story.clone(), sim.clone());
        let handle = handler(move |delivery: Delivery| {
            let what = format!("{}:{}", delivery.partition.partition, value(&delivery));
            deliveries.borrow_mut().push((millis(clock.now()), what));
            handle(delivery)
        });
        let started = consumer.clone();
        self.site.process.spawn(async move {
            sim.sleep_until(at).await;
            started.connect().await.expect("brokers are up");
            started.subscribe(&["t"]).await.expect("the topic exists");
            started.run(handle).await;
        });
        consumer
    }
}

/// An event as a line of the story; commits are left out.
fn words(event: &ConsumerEvent) -> Option<String> {
    Some(match event {
        ConsumerEvent::Joined { generation, partitions, .. } => {
            let share: Vec<u32> = partitions.iter().map(|partition| partition.partition).collect();
            format!("joined {generation} {share:?}")
        }
        ConsumerEvent::Crashed { error, restart } => format!("crashed {restart} {}", error.root()),
        ConsumerEvent::Rebalancing => "rebalancing".into(),
        ConsumerEvent::Heartbeat => "heartbeat".into(),
        ConsumerEvent::Stopped => "stopped".into(),
        ConsumerEvent::Committed(_) => return None,
    })
}

/// Starts a consumer on the lab's client process.
fn consume<F, A>(lab: &Lab, config: ConsumerConfig, handle: F) -> Story
where
    F: Fn(Delivery) -> A + 'static,
    A: Future<Output = Result<(), HandlerError>> + 'static,
{
    let seat = Seat::new(lab, &lab.client);
    seat.consume(SimTime::ZERO, config, handle);
    seat.story
}

/// Plays a lab with one broker.
fn play_one<T: Send>(secs: u64, build: impl FnOnce(&Lab) -> Box<dyn FnOnce() -> T> + Send) -> T {
    Lab::play_with(secs, 1, SimDuration::from_micros(250), build)
}

/// A handler that is content with everything.
async fn fine(_: Delivery) -> Result<(), HandlerError> {
    Ok(())
}

/// Lines of a story that contain a word, with their times.
fn lines(story: &[(u64, String)], word: &str) -> Vec<u64> {
    story.iter().filter(|(_, what)| what.contains(word)).map(|(at, _)| *at).collect()
}
