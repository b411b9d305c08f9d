//! I8: what a monitor sees.

use super::*;
use crate::kafka::client::ConsumerConfig;
use crate::kafka::types::Acks;

/// Lag of partition 0 once a second while a consumer works off what has come in 30 s without it.
fn lags(threshold: Option<u64>) -> Vec<u64> {
    let topic = TopicConfig { partitions: 1, ..three_by_three() };
    Lab::play(1, 130, topic, async move |lab| {
        let load = lab.load(Acks::All, &[0]).await;
        lab.sleep(secs(30)).await;
        let config =
            ConsumerConfig { from_beginning: true, auto_commit_threshold: threshold, ..ConsumerConfig::default() };
        lab.member_with(&lab.service("reader"), "g", config, Handling { takes: millis(25), ..Handling::default() });
        let mut lags = Vec::new();
        for _ in 0..80 {
            lab.sleep(secs(1)).await;
            let committed = lab.cluster.committed("g", &TopicPartition::new(TOPIC, 0)).unwrap_or_default();
            lags.push(lab.high_watermark(0).since(committed));
        }
        load.over.set(true);
        lags
    })
}

#[test]
fn i8_numbers() {
    eprintln!("{:?}", lags(None));
    eprintln!("{:?}", lags(Some(10)));
}
