//! One `send()` (KJ:producer/sendMessages.js; MODEL-REFERENCE.md C3).
//!
//! Each attempt runs the partitioner over all messages again, and then asks only those leaders that have not answered yet. Keyed
//! messages come out the same; messages without a key do not, so that a partly failed send can lose some and double others.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Inner, Message};
use crate::kafka::client::KafkaError;
use crate::kafka::client::broker::Broker;
use crate::kafka::client::retry::Failure;
use crate::kafka::client::shared::all;
use crate::kafka::protocol::{Produced, Request};
use crate::kafka::record::{Batch, Record};
use crate::kafka::types::{BrokerId, ErrorCode, TopicPartition};
use crate::trace::Mark;

/// Messages by topic.
type Topics = Rc<Vec<(Rc<str>, Vec<Message>)>>;
/// What this attempt would send to each leader.
type Plan = BTreeMap<Option<BrokerId>, Vec<(TopicPartition, Rc<[Record]>)>>;
/// Brokers that were asked, with their answers.
type Answers = Rc<RefCell<Vec<(Rc<Broker>, Option<Vec<Produced>>)>>>;

/// Sends messages, again and again if need be.
pub(super) async fn send(producer: &Rc<Inner>, topics: Topics) -> Result<Vec<Produced>, KafkaError> {
    let names: Vec<Rc<str>> = topics.iter().map(|(topic, _)| topic.clone()).collect();
    let answers = Answers::default();
    let mut attempts = 0;
    producer
        .cluster
        .retrier()
        .run(async || {
            attempts += 1;
            if attempts > 1 {
                producer.mark(Mark::Retry);
            }
            producer.cluster.add_target_topics(&names).await?;
            match attempt(producer, &topics, &answers).await {
                Ok(()) => Ok(answers.borrow().iter().filter_map(|(_, answer)| answer.clone()).flatten().collect()),
                Err(error) => Err(recover(producer, error).await),
            }
        })
        .await
}

/// Asks all leaders that have not answered.
async fn attempt(producer: &Rc<Inner>, topics: &Topics, answers: &Answers) -> Result<(), KafkaError> {
    producer.cluster.refresh_metadata_if_necessary().await?;
    let plan = plan(producer, topics)?;
    for &leader in plan.keys() {
        let broker = producer.cluster.find_broker(leader).await?;
        let known = answers.borrow().iter().any(|(known, _)| Rc::ptr_eq(known, &broker));
        if !known {
            answers.borrow_mut().push((broker, None));
        }
    }
    let unanswered = answers.borrow().iter().filter(|(_, answer)| answer.is_none()).map(|(b, _)| b.clone()).collect();
    let unanswered: Vec<Rc<Broker>> = unanswered;
    let tasks = unanswered.into_iter().map(|broker| {
        let batches = plan.get(&broker.id.get()).cloned().unwrap_or_default();
        let (producer, answers) = (producer.clone(), answers.clone());
        producer.cluster.process().clone().spawn(async move { ask(&producer, &broker, batches, &answers).await })
    });
    all(tasks.collect()).await
}

/// Runs the partitioner.
fn plan(producer: &Inner, topics: &Topics) -> Result<Plan, KafkaError> {
    let mut plan = Plan::new();
    for (topic, messages) in topics.iter() {
        let partitions = producer.cluster.partitions(topic)?;
        if partitions.is_empty() {
            return Err(KafkaError::MetadataNotLoaded);
        }
        let mut records: BTreeMap<u32, Vec<Record>> = BTreeMap::new();
        for message in messages {
            let partition = producer.pick(topic, message, &partitions);
            records.entry(partition).or_default().push(message.record.clone());
        }
        for (partition, records) in records {
            let leader = partitions.get(partition as usize).and_then(|partition| partition.leader);
            let partition = TopicPartition { topic: topic.clone(), partition };
            plan.entry(leader).or_default().push((partition, records.into()));
        }
    }
    Ok(plan)
}

/// Asks one leader.
async fn ask(
    producer: &Inner,
    broker: &Rc<Broker>,
    records: Vec<(TopicPartition, Rc<[Record]>)>,
    answers: &Answers,
) -> Result<(), KafkaError> {
    let result = produce(producer, broker, &records).await;
    let mut answers = answers.borrow_mut();
    match result {
        Ok(produced) => {
            let entry = answers.iter_mut().find(|(known, _)| Rc::ptr_eq(known, broker));
            entry.into_iter().for_each(|(_, answer)| *answer = Some(produced.clone()));
            Ok(())
        }
        Err(error) => {
            answers.retain(|(known, _)| !Rc::ptr_eq(known, broker));
            Err(error)
        }
    }
}

async fn produce(
    producer: &Inner,
    broker: &Broker,
    records: &[(TopicPartition, Rc<[Record]>)],
) -> Result<Vec<Produced>, KafkaError> {
    if records.is_empty() {
        return Ok(Vec::new()); // it has lost its partitions since the last attempt
    }
    let session = &producer.session;
    let _held = session.lock(&producer.cluster, broker.id.get()).await?;
    let batch = |(partition, records): &(TopicPartition, Rc<[Record]>)| {
        (partition.clone(), Batch::new(records.clone(), session.stamp(partition, records.len())))
    };
    let batches = records.iter().map(batch).collect();
    producer.mark(Mark::Attempt);
    let (acks, timeout) = (producer.config.acks, producer.config.timeout);
    let result = broker.produce(Request::Produce { acks, timeout, batches }).await;
    if result.is_err() {
        records.iter().for_each(|(partition, records)| session.take_back(partition, records.len()));
    }
    result
}

/// What is done about an error before the next attempt.
async fn recover(producer: &Inner, error: KafkaError) -> Failure {
    let cluster = &producer.cluster;
    if let KafkaError::ConnectionClosed(endpoint) = error {
        cluster.remove_broker(endpoint);
    }
    let mended = if !cluster.is_connected() {
        async {
            cluster.connect().await?;
            cluster.refresh_metadata().await
        }
        .await
    } else if blames_metadata(&error) {
        cluster.refresh_metadata().await
    } else if error.claims_retriable() {
        Ok(())
    } else {
        return Failure::Bail(error);
    };
    Failure::Thrown(mended.err().unwrap_or(error))
}

/// Errors after which kafkajs asks for new metadata.
fn blames_metadata(error: &KafkaError) -> bool {
    use ErrorCode as E;
    match error {
        KafkaError::Protocol(E::UnknownTopicOrPartition | E::LeaderNotAvailable | E::NotLeaderOrFollower) => true,
        KafkaError::Protocol(code) => code.is_retriable(),
        KafkaError::MetadataNotLoaded | KafkaError::Connection(_) | KafkaError::ConnectionClosed(_) => true,
        _ => false,
    }
}
