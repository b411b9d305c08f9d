//! I4: two replicas, both of which must be in sync, and one of them dies.

use super::*;
use crate::kafka::types::Acks;

#[test]
fn i4_numbers() {
    let topic = TopicConfig { partitions: 1, replication_factor: 2, min_insync: 2, ..TopicConfig::default() };
    Lab::play(1, 90, topic, async move |lab| {
        let site = lab.service("app");
        let (one, all) = (lab.producer(&site, Acks::Leader).await, lab.producer(&site, Acks::All).await);
        let state = lab.cluster.state_of(&TopicPartition::new(TOPIC, 0)).expect("exists");
        let leader = state.leader.expect("is led");
        let follower = *state.replicas.iter().find(|id| **id != leader).expect("there are two");
        lab.send(&all, 0, "before").await.expect("is stored");
        let reader = lab.member("reader", "g", Handling::default());
        lab.wait_until(|_| !reader.read().is_empty()).await;
        let from = lab.now();
        lab.kill(follower);
        let took = lab.now();
        lab.send(&one, 0, "one").await.expect("is stored");
        eprintln!("acks=1 took {}", lab.since(took));
        for nth in 0..3 {
            let (lab, all) = (lab.clone(), all.clone());
            site.process.spawn(async move {
                let result = lab.send(&all, 0, &format!("all-{nth}")).await;
                eprintln!("all-{nth} {result:?} at {}", lab.since(from));
            });
        }
        lab.sleep(secs(35)).await;
        eprintln!("at 35 read {:?} hw {:?} log {:?}", reader.read(), lab.high_watermark(0), lab.log(0));
        lab.node(follower).process.start();
        lab.sleep(secs(30)).await;
        eprintln!("at 65 read {:?} hw {:?} log {:?}", reader.read(), lab.high_watermark(0), lab.log(0));
        eprintln!(
            "{:?}",
            reader.diary().iter().map(|(at, l)| (at.since(from).as_millis(), l.clone())).collect::<Vec<_>>()
        );
    });
}
