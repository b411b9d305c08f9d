//! Consumers, and the diary of what happens to them.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::kafka::assignor::Assignor;
use crate::kafka::client::java::JavaClient;
use crate::kafka::client::{ConsumerConfig, JavaConsumerConfig, KafkaError, Thrown};
use crate::kafka::consumer::java::JavaConsumer;
use crate::kafka::consumer::{Consumer, ConsumerEvent, Handler, HandlerError, handler};

/// What has happened to a member.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    /// `run()` was called.
    Began,
    Joined(Vec<u32>),
    Read(u32, String),
    /// Its handler has done its work.
    Did(String),
    Committed,
    /// With whether it will start again.
    Crashed(bool),
    Stopped,
}

/// What a handler does to a message.
#[derive(Clone, Debug, Default)]
pub(super) struct Handling {
    /// How long that takes.
    pub(super) takes: SimDuration,
    /// What `poison` leads to; none swallows it.
    pub(super) thrown: Option<Thrown>,
    /// The handler returns at once and works on.
    pub(super) in_background: bool,
}

/// A consumer on a process of its own. Cheap to clone.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) site: Site,
    /// None for Java's.
    kafkajs: Option<Consumer>,
    diary: Rc<RefCell<Vec<(SimTime, Line)>>>,
}

impl Lab {
    /// Starts a kafkajs consumer that reads from the beginning.
    pub(super) fn member(&self, name: &str, group: &str, handling: Handling) -> Member {
        let config = ConsumerConfig { from_beginning: true, ..ConsumerConfig::default() };
        self.member_with(&self.service(name), group, config, handling)
    }

    pub(super) fn member_with(&self, site: &Site, group: &str, config: ConsumerConfig, handling: Handling) -> Member {
        let consumer = self.kafka(site).consumer(group, config);
        let member = Member { site: site.clone(), kafkajs: Some(consumer.clone()), diary: Rc::default() };
        let (events, lab) = (member.clone(), self.clone());
        consumer.on(move |event| events.hear(lab.now(), event));
        let (handle, me, lab) = (member.handler(self, handling), member.clone(), self.clone());
        site.process.spawn(async move {
            consumer.connect().await.expect("brokers are up");
            consumer.subscribe(&[TOPIC]).await.expect("the topic exists");
            me.note(lab.now(), Line::Began);
            consumer.run(handle).await;
        });
        member
    }

    /// Starts a Java consumer that reads from the beginning.
    pub(super) fn java(&self, name: &str, group: &str, assignors: Vec<Assignor>) -> (JavaConsumer, Member) {
        let config = JavaConsumerConfig { from_beginning: true, assignors, ..JavaConsumerConfig::default() };
        self.java_with(name, group, config)
    }

    pub(super) fn java_with(&self, name: &str, group: &str, config: JavaConsumerConfig) -> (JavaConsumer, Member) {
        let site = self.service(name);
        let seeds = self.cluster.brokers().to_vec();
        let client = JavaClient { site: site.clone(), name: name.into(), book: self.cluster.book().clone(), seeds };
        let consumer = JavaConsumer::new(&client, group, &[TOPIC], config);
        let member = Member { site, kafkajs: None, diary: Rc::default() };
        let (events, lab) = (member.clone(), self.clone());
        consumer.on(move |event| events.hear(lab.now(), event));
        member.note(self.now(), Line::Began);
        consumer.run(member.handler(self, Handling::default()));
        (consumer, member)
    }
}

impl Member {
    fn handler(&self, lab: &Lab, handling: Handling) -> Handler {
        let (me, lab) = (self.clone(), lab.clone());
        handler(move |delivery| {
            let (me, lab, handling, value) = (me.clone(), lab.clone(), handling.clone(), text(&delivery.record));
            me.note(lab.now(), Line::Read(delivery.partition.partition, value.clone()));
            async move {
                let takes = handling.takes;
                let thrown = handling.thrown.filter(|_| value == "poison");
                let process = me.site.process.clone();
                let work = async move {
                    lab.sleep(takes).await;
                    me.note(lab.now(), Line::Did(value));
                };
                if handling.in_background {
                    process.spawn(work);
                } else {
                    work.await;
                }
                thrown.map_or(Ok(()), |thrown| Err(HandlerError::Client(KafkaError::Handler(thrown))))
            }
        })
    }

    fn hear(&self, now: SimTime, event: &ConsumerEvent) {
        let line = match event {
            ConsumerEvent::Joined { partitions, .. } => {
                Line::Joined(partitions.iter().map(|partition| partition.partition).collect())
            }
            ConsumerEvent::Committed(_) => Line::Committed,
            ConsumerEvent::Crashed { restart, .. } => Line::Crashed(*restart),
            ConsumerEvent::Stopped => Line::Stopped,
            ConsumerEvent::Rebalancing | ConsumerEvent::Heartbeat => return,
        };
        self.note(now, line);
    }

    fn note(&self, now: SimTime, line: Line) {
        self.diary.borrow_mut().push((now, line));
    }

    pub(super) fn diary(&self) -> Vec<(SimTime, Line)> {
        self.diary.borrow().clone()
    }

    /// When something happened, each time.
    pub(super) fn times(&self, what: impl Fn(&Line) -> bool) -> Vec<SimTime> {
        self.diary.borrow().iter().filter(|(_, line)| what(line)).map(|(at, _)| *at).collect()
    }

    pub(super) fn joins(&self) -> Vec<SimTime> {
        self.times(|line| matches!(line, Line::Joined(_)))
    }

    /// Whether its last share has so many partitions.
    pub(super) fn has(&self, count: usize) -> bool {
        let diary = self.diary.borrow();
        let last =
            diary.iter().rev().find_map(|(_, line)| if let Line::Joined(share) = line { Some(share) } else { None });
        last.is_some_and(|share| share.len() == count)
    }

    /// Values it was given, in order.
    pub(super) fn read(&self) -> Vec<String> {
        let diary = self.diary.borrow();
        diary
            .iter()
            .filter_map(|(_, line)| if let Line::Read(_, value) = line { Some(value.clone()) } else { None })
            .collect()
    }

    /// Values it has done its work for.
    pub(super) fn did(&self) -> Vec<String> {
        let diary = self.diary.borrow();
        diary
            .iter()
            .filter_map(|(_, line)| if let Line::Did(value) = line { Some(value.clone()) } else { None })
            .collect()
    }

    /// Leaves in good order.
    pub(super) async fn disconnect(&self) {
        self.kafkajs.as_ref().expect("it is a kafkajs consumer").disconnect().await;
    }

    /// SIGKILL.
    pub(super) fn kill(&self) {
        self.site.process.exit(Exit::Stopped);
    }
}
