//! kafkajs' fetch manager: one fetcher for each broker of the cluster, and workers that share what they bring
//! (KJ:consumer/fetchManager.js, fetcher.js, workerQueue.js).
//!
//! A fetcher fetches, hands over, and waits until all it handed over is handled before it fetches again: there is no prefetch (D4).

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::group::Fetch;
use super::runner::Runner;
use crate::engine::{Notify, SlotWriter, slot};
use crate::kafka::client::KafkaError;
use crate::kafka::types::{BrokerId, TopicPartition};

/// Told how the handling of a batch has ended.
type Done = SlotWriter<Result<(), KafkaError>>;

/// Fetchers and workers of one runner.
pub(super) struct FetchManager {
    fetchers: RefCell<Vec<Rc<Fetcher>>>,
    /// Batches that wait for a worker. Bounded by what one fetch of each broker brings.
    queue: RefCell<VecDeque<(Fetch, Done)>>,
    idle_workers: Cell<u32>,
    ended: Notify,
}

struct Fetcher {
    node: BrokerId,
    running: Cell<bool>,
    over: Cell<bool>,
}

/// What the fetchers of one start share.
struct Round {
    nodes: Vec<BrokerId>,
    /// Which fetcher's batch of a partition is being handled: after a change of leader another may bring the same.
    taken: RefCell<BTreeMap<TopicPartition, BrokerId>>,
    failed: RefCell<Option<KafkaError>>,
}

impl FetchManager {
    pub(super) fn new(workers: u32) -> Self {
        Self {
            fetchers: RefCell::default(),
            queue: RefCell::default(),
            idle_workers: Cell::new(workers),
            ended: Notify::new(),
        }
    }

    /// Fetches and handles until it is stopped or a fetcher fails; then waits for all other fetchers, long polls included.
    pub(super) async fn start(&self, runner: &Rc<Runner>) -> Result<(), KafkaError> {
        loop {
            let nodes = runner.group.cluster().node_ids();
            if nodes.is_empty() {
                return Err(KafkaError::NoBroker);
            }
            let round = Rc::new(Round { nodes, taken: RefCell::default(), failed: RefCell::default() });
            self.begin(runner, &round);
            loop {
                let ended = self.ended.notified();
                if round.failed.borrow().is_some() || self.is_over() {
                    break;
                }
                ended.await;
            }
            self.stop().await;
            let failed = round.failed.borrow_mut().take();
            match failed {
                None => return Ok(()),
                Some(KafkaError::BrokersChanged) => {}
                Some(error) => return Err(error),
            }
        }
    }

    fn begin(&self, runner: &Rc<Runner>, round: &Rc<Round>) {
        let fetcher = |&node| Rc::new(Fetcher { node, running: Cell::new(true), over: Cell::new(false) });
        let fetchers: Vec<Rc<Fetcher>> = round.nodes.iter().map(fetcher).collect();
        *self.fetchers.borrow_mut() = fetchers.clone();
        for fetcher in fetchers {
            let (runner, round) = (runner.clone(), round.clone());
            runner.group.cluster().process().clone().spawn(async move {
                let result = fetcher.run(&runner, &round).await;
                fetcher.running.set(false);
                fetcher.over.set(true);
                if let Err(error) = result {
                    round.failed.borrow_mut().get_or_insert(error);
                }
                runner.fetching.ended.notify_all();
            });
        }
    }

    fn is_over(&self) -> bool {
        self.fetchers.borrow().iter().all(|fetcher| fetcher.over.get())
    }

    /// Lets the fetchers end after what they do now, and waits for them.
    pub(super) async fn stop(&self) {
        self.fetchers.borrow().iter().for_each(|fetcher| fetcher.running.set(false));
        loop {
            let ended = self.ended.notified();
            if self.is_over() {
                return;
            }
            ended.await;
        }
    }

    /// Has batches handled and waits for all of them; the first that failed decides.
    async fn hand_over(&self, runner: &Rc<Runner>, batches: Vec<Fetch>) -> Result<(), KafkaError> {
        let mut results = Vec::new();
        for batch in batches {
            let (done, result) = slot();
            self.queue.borrow_mut().push_back((batch, done));
            results.push(result);
        }
        (0..self.idle_workers.take()).for_each(|_| Self::start_worker(runner));
        let mut outcome = Ok(());
        for result in results {
            let result = result.await.unwrap_or(Ok(()));
            outcome = outcome.and(result);
        }
        outcome
    }

    /// A worker takes batches until none is left.
    fn start_worker(runner: &Rc<Runner>) {
        let me = runner.clone();
        runner.group.cluster().process().spawn(async move {
            let manager = &me.fetching;
            loop {
                let next = manager.queue.borrow_mut().pop_front();
                let Some((batch, done)) = next else { break };
                done.set(me.handle(batch).await);
            }
            manager.idle_workers.set(manager.idle_workers.get() + 1);
        });
    }
}

impl Fetcher {
    async fn run(&self, runner: &Rc<Runner>, round: &Round) -> Result<(), KafkaError> {
        while self.running.get() {
            let current = runner.group.cluster().node_ids();
            if !current.is_empty() && current != round.nodes {
                return Err(KafkaError::BrokersChanged);
            }
            let mut batches = runner.fetch(self.node).await?;
            if !self.running.get() {
                break;
            }
            batches.retain(|batch| round.taken.borrow().get(&batch.partition).is_none_or(|by| *by == self.node));
            if batches.is_empty() {
                continue;
            }
            let partitions: Vec<TopicPartition> = batches.iter().map(|batch| batch.partition.clone()).collect();
            round.taken.borrow_mut().extend(partitions.iter().map(|partition| (partition.clone(), self.node)));
            let handled = runner.fetching.hand_over(runner, batches).await;
            round.taken.borrow_mut().retain(|partition, _| !partitions.contains(partition));
            handled?;
        }
        Ok(())
    }
}
