//! Producers: a steady load, and single sends.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::*;
use crate::kafka::client::ProducerConfig;
use crate::kafka::producer::{Message, Producer};
use crate::kafka::types::Acks;

impl Lab {
    pub(super) async fn producer(&self, site: &Site, acks: Acks) -> Producer {
        let producer = self.kafka(site).producer(ProducerConfig { acks, ..ProducerConfig::default() });
        producer.connect().await.expect("brokers are up");
        producer
    }

    /// Sends a value to a partition and waits for the outcome.
    pub(super) async fn send(&self, producer: &Producer, partition: u32, value: &str) -> Result<(), String> {
        let record = Record::new(None, value.as_bytes(), self.now());
        let sent = producer.send(TOPIC, [Message { record, partition: Some(partition) }]).await;
        sent.map(|_| ()).map_err(|error| error.to_string())
    }

    /// One message to each of these partitions every 50 ms, without waiting for answers: what the oracle's `leader-kill.js` does.
    pub(super) async fn load(&self, acks: Acks, partitions: &[u32]) -> Load {
        let site = self.service("producer");
        let producer = self.producer(&site, acks).await;
        let load = Load::default();
        let (ending, sending, partitions, lab) = (load.clone(), load.clone(), partitions.to_vec(), self.clone());
        site.process.clone().spawn(async move {
            while !ending.over.get() {
                for &partition in &partitions {
                    site.process.spawn(sending.clone().send_one(lab.clone(), producer.clone(), partition));
                }
                lab.sleep(millis(50)).await;
            }
        });
        load
    }
}

/// A send that has ended.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) partition: u32,
    pub(super) began: SimTime,
    pub(super) ended: SimTime,
    pub(super) error: Option<String>,
}

/// Sends under way and ended. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Load {
    pub(super) over: Rc<Cell<bool>>,
    begun: Rc<Cell<u64>>,
    pub(super) ended: Rc<RefCell<Vec<Sent>>>,
}

impl Load {
    async fn send_one(self, lab: Lab, producer: Producer, partition: u32) {
        let (began, value) = (lab.now(), self.begun.replace(self.begun.get() + 1).to_string());
        let error = lab.send(&producer, partition, &value).await.err();
        self.ended.borrow_mut().push(Sent { partition, began, ended: lab.now(), error });
    }

    pub(super) fn failed(&self) -> Vec<Sent> {
        self.ended.borrow().iter().filter(|sent| sent.error.is_some()).cloned().collect()
    }

    pub(super) fn unanswered(&self) -> u64 {
        self.begun.get() - self.ended.borrow().len() as u64
    }

    /// The longest time without a good answer about a partition, in milliseconds, and when it ended.
    pub(super) fn gap(&self, partition: u32, from: SimTime, now: SimTime) -> (u64, SimTime) {
        let ended = self.ended.borrow();
        let good =
            ended.iter().filter(|sent| sent.partition == partition && sent.error.is_none() && sent.ended >= from);
        let mut times: Vec<SimTime> = [from, now].into_iter().chain(good.map(|sent| sent.ended)).collect();
        times.sort();
        let gaps = times.windows(2).map(|pair| (pair[1].since(pair[0]).as_millis(), pair[1]));
        gaps.max().expect("two times make a gap")
    }
}
