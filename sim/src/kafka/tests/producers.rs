//! I7: what a send costs.

use super::*;
use crate::kafka::client::ProducerConfig;
use crate::kafka::types::Acks;

#[test]
fn i7_numbers() {
    Lab::play(1, 60, three_by_three(), async move |lab| {
        let site = lab.service("app");
        let kept = lab.producer(&site, Acks::All).await;
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        for nth in 0..20u32 {
            let from = lab.now();
            lab.send(&kept, nth % 3, "a").await.expect("is stored");
            times[0].push(lab.now().since(from));
        }
        for nth in 0..20u32 {
            let from = lab.now();
            let fresh = lab.producer(&site, Acks::All).await;
            lab.send(&fresh, nth % 3, "a").await.expect("is stored");
            fresh.disconnect().await;
            times[1].push(lab.now().since(from));
        }
        let again = lab.kafka(&site).producer(ProducerConfig::default());
        for nth in 0..20u32 {
            let from = lab.now();
            again.connect().await.expect("brokers are up");
            lab.send(&again, nth % 3, "a").await.expect("is stored");
            again.disconnect().await;
            times[2].push(lab.now().since(from));
        }
        for times in &times {
            eprintln!("{times:?}");
        }
        let from = lab.now();
        let result = kept.send("new", [Record::new(None, b"a", from)]).await;
        eprintln!("{result:?} {}", lab.since(from));
        eprintln!(
            "{:?} {:?}",
            lab.cluster.state_of(&TopicPartition::new("new", 0)),
            lab.cluster.state_of(&TopicPartition::new("new", 1))
        );
        let before: Vec<usize> = (0..3).map(|p| lab.log(p).len()).collect();
        for _ in 0..30 {
            kept.send(TOPIC, [Record::new(None, b"a", from)]).await.expect("is stored");
        }
        let mid: Vec<usize> = (0..3).map(|p| lab.log(p).len()).collect();
        kept.send(TOPIC, (0..7).map(|_| Record::new(None, b"a", from))).await.expect("is stored");
        let after: Vec<usize> = (0..3).map(|p| lab.log(p).len()).collect();
        eprintln!("{before:?} {mid:?} {after:?}");
    });
}
