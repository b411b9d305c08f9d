//! Goal: a cluster comes up by itself, and what is produced is consumed. Method: three nodes on a stage and one service with a kafkajs
//! producer and consumer.

use super::*;
use crate::engine;
use crate::kafka::client::ConsumerConfig;
use crate::kafka::consumer::handler;
use crate::kafka::record::Record;
use crate::net::{LinkSpec, TcpSpec};
use crate::trace::Trace;

/// What happened, and when.
type Diary = Rc<RefCell<Vec<(SimTime, String)>>>;

fn play(mode: Mode) -> Vec<(SimTime, String)> {
    engine::run(1, SimTime::from_secs(40), move |sim| {
        let stage = Stage::new(sim, &Trace::new(sim), LinkSpec::default(), TcpSpec::default());
        let spec = ClusterSpec { server: ServerConfig { mode, ..ServerConfig::default() }, ..ClusterSpec::default() };
        let topic = TopicConfig { partitions: 3, replication_factor: 3, min_insync: 2, ..TopicConfig::default() };
        let cluster = Cluster::host(&stage, &spec, &[("orders".to_owned(), topic)].into());
        let (site, diary) = (stage.service("app", ProcessSpec::default()), Diary::default());
        let (service, notes) = (site.clone(), diary.clone());
        site.process.on_start(move || {
            service.process.spawn(app(cluster.clone(), service.clone(), notes.clone()));
        });
        stage.start();
        move || diary.take()
    })
}

async fn app(cluster: Cluster, site: Site, diary: Diary) {
    let sim = site.process.sim().clone();
    let note = move |text: String| diary.borrow_mut().push((sim.now(), text));
    cluster.ready().await;
    note(format!("ready under {}", cluster.controller().unwrap_or_default()));
    let kafka = cluster.client(&site, "app", ClientConfig::default());
    let consumer = kafka.consumer("readers", ConsumerConfig { from_beginning: true, ..ConsumerConfig::default() });
    consumer.connect().await.expect("connects");
    consumer.subscribe(&["orders"]).await.expect("the topic is there");
    let read = note.clone();
    consumer
        .run(handler(move |delivery| {
            read(format!("read {}", String::from_utf8_lossy(delivery.record.value.as_deref().unwrap_or_default())));
            async { Ok(()) }
        }))
        .await;
    note(format!("reads {} partitions", consumer.assigned().len()));
    let producer = kafka.producer(ProducerConfig::default());
    producer.connect().await.expect("connects");
    for number in 0..5 {
        let text = format!("order-{number}");
        let record = Record::new(Some(text.as_bytes()), text.as_bytes(), site.process.sim().now());
        producer.send("orders", [record]).await.expect("is stored");
        note(format!("stored {text}"));
    }
}

fn assert_flows(mode: Mode) {
    let diary = play(mode);
    let count = |what: &str| diary.iter().filter(|(_, text)| text.starts_with(what)).count();
    assert_eq!((count("stored"), count("read ")), (5, 5), "{diary:?}");
    assert!(diary[0].0 < SimTime::from_secs(6), "{diary:?}");
    assert_eq!(diary.iter().find(|(_, text)| text.starts_with("reads")).expect("joins").1, "reads 3 partitions");
}

#[test]
fn a_kraft_cluster_comes_up_and_what_is_produced_is_consumed() {
    assert_flows(Mode::Kraft);
}

#[test]
fn a_zookeeper_cluster_comes_up_and_what_is_produced_is_consumed() {
    assert_flows(Mode::Zookeeper);
}
