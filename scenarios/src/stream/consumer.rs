//! A consumer process: its start and its stop. What it does with an event is up to its [`Desk`].

use std::cell::RefCell;
use std::rc::Rc;

use gridlock_sim::engine::SimTime;
use gridlock_sim::grpc::Site;
use gridlock_sim::kafka::client::{Kafka, KafkaError};
use gridlock_sim::kafka::cluster::Cluster;
use gridlock_sim::kafka::consumer::java::JavaConsumer;
use gridlock_sim::kafka::consumer::{Consumer, ConsumerEvent, Handler, handler};
use gridlock_sim::stage::Stage;
use gridlock_sim::trace::Exit;

use super::books::Books;
use super::code::StreamCode;
use super::desk::Desk;
use super::spec::{ConsumersSpec, Deed, LaterSpec, OnError, Profile, StreamSpec};
use super::{CONNECT_AGAIN, NEWCOMER, consumer_name, java, retries, retry_group};
use crate::kafka::told;

/// What a process reads with.
#[derive(Clone)]
enum Reader {
    Kafkajs(Consumer),
    Java(JavaConsumer),
}

/// The readers of a process in its current life.
type Readers = Rc<RefCell<Vec<Reader>>>;

/// Puts the `nth` consumer on the stage.
pub(super) fn build(stage: &Stage, cluster: &Cluster, spec: &StreamSpec, code: &StreamCode, nth: u32, books: &Books) {
    place(stage, cluster, spec, code, &consumer_name(nth), None, books);
}

/// Puts the second group on the stage: a consumer in most things, with a group of its own. If it does the consumers' work, it does so with
/// their code.
pub(super) fn build_later(
    stage: &Stage,
    cluster: &Cluster,
    spec: &StreamSpec,
    code: &StreamCode,
    later: &LaterSpec,
    books: &Books,
) {
    let mut own = spec.clone();
    own.consumers.group = later.group.clone();
    own.consumers.from_beginning = later.from_beginning;
    own.consumers.cpu = later.cpu;
    place(stage, cluster, &own, code, NEWCOMER, Some(later), books);
}

fn place(
    stage: &Stage,
    cluster: &Cluster,
    spec: &StreamSpec,
    code: &StreamCode,
    name: &str,
    later: Option<&LaterSpec>,
    books: &Books,
) {
    let site = stage.service(name, spec.consumers.process.clone());
    let readers = Readers::default();
    if spec.consumers.graceful {
        stop_in_order(&site, &readers);
    }
    let (cluster, books, process, code) = (cluster.clone(), books.clone(), site.process.clone(), *code);
    let (spec, name, later) = (with_assignor(spec, &code), name.to_owned(), later.cloned());
    process.on_start(move || {
        readers.take();
        let kafka = cluster.client(&site, &name, spec.consumers.client.clone());
        let member = Rc::new(Member {
            desk: Rc::new(Desk::new(&site, &kafka, &spec, &code, &books)),
            spec: spec.consumers.clone(),
            topic: spec.topic.name.clone(),
            later: later.clone(),
            readers: readers.clone(),
            books: books.clone(),
            site: site.clone(),
        });
        let (cluster, name) = (cluster.clone(), name.clone());
        site.process.spawn(async move { member.start(&cluster, &kafka, &name).await });
    });
}

/// The specification, with the assignor that code brings.
fn with_assignor(spec: &StreamSpec, code: &StreamCode) -> StreamSpec {
    let mut spec = spec.clone();
    spec.consumers.config.own_assignor = code.assignor;
    spec.consumers.java.own_assignor = code.assignor;
    spec
}

/// SIGTERM: leaves the groups, then ends.
fn stop_in_order(site: &Site, readers: &Readers) {
    let (process, readers) = (site.process.clone(), readers.clone());
    site.process.on_term(move || {
        let (own, readers) = (process.clone(), readers.take());
        process.spawn(async move {
            for reader in readers {
                match reader {
                    Reader::Kafkajs(consumer) => consumer.disconnect().await,
                    Reader::Java(consumer) => consumer.close().await,
                }
            }
            own.exit(Exit::Stopped);
        });
    });
}

/// One life of a consumer process.
struct Member {
    site: Site,
    spec: ConsumersSpec,
    topic: String,
    /// Set if it is the second group's.
    later: Option<LaterSpec>,
    desk: Rc<Desk>,
    readers: Readers,
    books: Books,
}

impl Member {
    async fn start(&self, cluster: &Cluster, kafka: &Kafka, name: &str) {
        cluster.ready().await;
        if let Some(later) = &self.later {
            self.site.process.timer_at(SimTime::ZERO + later.at).await;
        }
        if matches!(self.spec.on_error, OnError::DeadLetter | OnError::RetryTopic) {
            self.connected(async || self.desk.letters.connect().await).await;
        }
        let desk = self.desk.clone();
        let handle = match self.later.as_ref().map(|later| later.deed) {
            Some(Deed::Count) => handler(move |delivery| desk.clone().count(delivery)),
            Some(Deed::Reserve) | None => handler(move |delivery| desk.clone().handle(delivery)),
        };
        match self.spec.profile {
            Profile::Java => self.read_as_java(cluster, name, handle),
            Profile::Kafkajs => self.read(kafka, &self.spec.group, &self.topic, handle).await,
        }
        if self.spec.on_error == OnError::RetryTopic {
            let desk = self.desk.clone();
            let again = handler(move |delivery| desk.clone().handle_later(delivery));
            self.read(kafka, &retry_group(&self.spec.group), &retries(&self.topic), again).await;
        }
    }

    /// The documented start of a kafkajs consumer.
    async fn read(&self, kafka: &Kafka, group: &str, topic: &str, handle: Handler) {
        let mut config = self.spec.config.clone();
        config.from_beginning = self.spec.from_beginning;
        let consumer = kafka.consumer(group, config);
        consumer.on(self.observer(group));
        self.readers.borrow_mut().push(Reader::Kafkajs(consumer.clone()));
        self.connected(async || consumer.connect().await).await;
        self.connected(async || consumer.subscribe(&[topic]).await).await;
        consumer.run(self.handler(group, handle)).await;
    }

    fn read_as_java(&self, cluster: &Cluster, name: &str, handle: Handler) {
        let mut config = self.spec.java.clone();
        config.from_beginning = self.spec.from_beginning;
        config.instance = self.spec.static_membership.then(|| name.into());
        let consumer = JavaConsumer::new(&java(cluster, &self.site, name), &self.spec.group, &[&self.topic], config);
        consumer.on(self.observer(&self.spec.group));
        self.readers.borrow_mut().push(Reader::Java(consumer.clone()));
        consumer.run(self.handler(&self.spec.group, handle));
    }

    /// What the client library calls for each event.
    fn handler(&self, group: &str, handle: Handler) -> Handler {
        let work = told::telling(self.site.process.trace(), group, handle);
        if self.spec.awaited {
            return work;
        }
        let process = self.site.process.clone();
        handler(move |delivery| {
            process.spawn(work(delivery));
            async { Ok(()) }
        })
    }

    /// Tries until it works: a process that gave up would be started again to do the same.
    async fn connected(&self, attempt: impl AsyncFn() -> Result<(), KafkaError>) {
        while attempt().await.is_err() {
            self.site.process.sleep(CONNECT_AGAIN).await;
        }
    }

    /// Tells checkers and figures what happens to a member of `group`.
    fn observer(&self, group: &str) -> impl Fn(&ConsumerEvent) + 'static {
        let (books, process, group) = (self.books.clone(), self.site.process.clone(), group.to_owned());
        let me = process.name();
        let instance = self.spec.static_membership.then(|| process.trace().text(me).to_owned());
        move |event| {
            told::tell(process.trace(), &group, instance.as_deref(), event);
            match event {
                ConsumerEvent::Joined { .. } => books.happened("group.joined", me),
                ConsumerEvent::Crashed { restart: true, .. } => books.happened("consumer.crashed", me),
                ConsumerEvent::Crashed { restart: false, .. } => books.happened("consumer.died", me),
                _ => {}
            }
        }
    }
}
