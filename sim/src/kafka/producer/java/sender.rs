//! The sender thread: sends what is ready to those who lead it, and decides what follows from answers.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Inner;
use super::accumulator::{Accumulator, Pending};
use crate::engine::{SimTime, race};
use crate::kafka::client::KafkaError;
use crate::kafka::client::java::Purpose;
use crate::kafka::protocol::{Produced, Request, Response};
use crate::kafka::record::Batch;
use crate::kafka::types::{BrokerId, ErrorCode, TopicPartition};

/// Sends for as long as the process lives.
pub(super) async fn run(producer: Rc<Inner>) {
    loop {
        let woken = producer.wake.notified();
        let now = producer.network.sim().now();
        expire(&producer, now);
        send_ready(&producer, now);
        let next = producer.accumulator.borrow().next_look(now).unwrap_or(SimTime::MAX);
        race(woken, producer.network.sim().sleep_until(next)).await;
    }
}

fn expire(producer: &Rc<Inner>, now: SimTime) {
    let expired = producer.accumulator.borrow_mut().expire(now);
    for batch in expired {
        give_up(producer, batch, &KafkaError::RequestTimeout);
    }
}

/// A batch fails for good. If it has a sequence number nobody knows whether it was stored, so the session starts anew.
fn give_up(producer: &Inner, batch: Pending, error: &KafkaError) {
    if batch.stamp.is_some() {
        producer.session.set(None);
        producer.accumulator.borrow_mut().reset_sequences();
    }
    batch.fail(error);
    producer.room.notify_all();
}

fn send_ready(producer: &Rc<Inner>, now: SimTime) {
    let ready = producer.accumulator.borrow().ready(now);
    if producer.network.is_stale() && !ready.is_empty() {
        refresh(producer);
    }
    if producer.config.idempotent && producer.session.get().is_none() {
        if !ready.is_empty() {
            ask_for_session(producer);
        }
        return;
    }
    let metadata = producer.network.metadata();
    let mut by_leader: BTreeMap<BrokerId, Vec<TopicPartition>> = BTreeMap::new();
    for partition in ready {
        let topic = metadata.topics.get(&partition.topic);
        match topic.and_then(|topic| topic.get(partition.partition as usize)).and_then(|known| known.leader) {
            Some(leader) => by_leader.entry(leader).or_default().push(partition),
            None => refresh(producer),
        }
    }
    for (leader, partitions) in by_leader {
        if producer.accumulator.borrow().admits(leader) {
            let batches = producer.accumulator.borrow_mut().take(leader, &partitions, producer.session.get());
            let producer = producer.clone();
            producer.network.site().process.clone().spawn(async move { send(&producer, leader, batches).await });
        }
    }
}

/// Asks for metadata in the background; the sender looks again when it has come.
fn refresh(producer: &Rc<Inner>) {
    let me = producer.clone();
    producer.network.site().process.spawn(async move {
        let sim = me.network.sim().clone();
        sim.sleep(me.network.backoff(1)).await;
        me.network.refresh().await;
        me.wake.notify_all();
    });
}

fn ask_for_session(producer: &Rc<Inner>) {
    if producer.asking_for_session.replace(true) {
        return;
    }
    let me = producer.clone();
    producer.network.site().process.spawn(async move {
        let mut failures = 0;
        loop {
            let node = me.network.any_node();
            let timeout = me.network.config().request_timeout;
            let answer = me.network.call(node, Purpose::Data, Request::InitProducerId, timeout).await;
            if let Ok(Some(Response::InitProducerId(Ok(id)))) = answer {
                me.session.set(Some(id));
                break;
            }
            failures += 1;
            me.network.sim().sleep(me.network.backoff(failures)).await;
        }
        me.asking_for_session.set(false);
        me.wake.notify_all();
    });
}

/// Sends one request and settles its batches.
async fn send(producer: &Rc<Inner>, leader: BrokerId, batches: Vec<Pending>) {
    let batch =
        |pending: &Pending| (pending.partition.clone(), Batch::new(Accumulator::records(pending), pending.stamp));
    let (acks, timeout) = (producer.config.acks, producer.config.client.request_timeout);
    let request = Request::Produce { acks, timeout, batches: batches.iter().map(batch).collect() };
    let answer = producer.network.call(leader, Purpose::Data, request, timeout).await;
    producer.accumulator.borrow_mut().answered(leader, &batches);
    match answer {
        Ok(Some(Response::Produce(produced))) => {
            batches.into_iter().for_each(|batch| settle(producer, batch, &produced));
        }
        Ok(None) => batches.into_iter().for_each(|batch| succeed(producer, batch, None)),
        Ok(Some(_)) => {
            let error = crate::kafka::client::broker::mismatch();
            batches.into_iter().for_each(|batch| fail(producer, batch, &error));
        }
        Err(error) => {
            refresh(producer);
            batches.into_iter().for_each(|batch| retry(producer, batch, &error));
        }
    }
    producer.wake.notify_all();
}

fn settle(producer: &Rc<Inner>, batch: Pending, produced: &[Produced]) {
    use ErrorCode as E;
    let own = produced.iter().find(|produced| produced.partition == batch.partition);
    let error = own.map_or(E::None, |produced| produced.error);
    match error {
        E::None => succeed(producer, batch, own.and_then(|produced| produced.base)),
        E::NotLeaderOrFollower | E::LeaderNotAvailable | E::UnknownTopicOrPartition | E::FencedLeaderEpoch => {
            refresh(producer);
            retry(producer, batch, &KafkaError::Protocol(error));
        }
        // An earlier batch is still on its way: this one comes again behind it.
        E::OutOfOrderSequenceNumber => retry(producer, batch, &KafkaError::Protocol(error)),
        code if code.is_retriable() => retry(producer, batch, &KafkaError::Protocol(error)),
        _ => fail(producer, batch, &KafkaError::Protocol(error)),
    }
}

fn succeed(producer: &Inner, batch: Pending, base: Option<crate::kafka::types::Offset>) {
    producer.accumulator.borrow_mut().forget(&batch);
    batch.succeed(base);
    producer.room.notify_all();
}

fn fail(producer: &Inner, batch: Pending, error: &KafkaError) {
    producer.accumulator.borrow_mut().forget(&batch);
    give_up(producer, batch, error);
}

/// Tries again later, unless the delivery timeout has passed.
fn retry(producer: &Inner, batch: Pending, error: &KafkaError) {
    let now = producer.network.sim().now();
    let in_time = producer.accumulator.borrow().is_in_time(&batch, now);
    if in_time {
        let at = now + producer.network.backoff(batch.attempts + 1);
        producer.accumulator.borrow_mut().put_back(batch, at);
    } else {
        fail(producer, batch, error);
    }
}
