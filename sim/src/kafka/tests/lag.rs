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

/// The longest run of seconds in each of which the lag grew.
fn longest_rise(lags: &[u64]) -> usize {
    lags.windows(2)
        .scan(0, |run, pair| {
            *run = if pair[1] > pair[0] { *run + 1 } else { 0 };
            Some(*run)
        })
        .max()
        .unwrap_or(0)
}

/// Measured: 599 → 903 over 15 s, then 343, 444, 212, 59, 1: reported lag rises while the consumer works at full speed, and drops by
/// a whole batch.
#[test]
fn i8_the_lag_of_a_healthy_drain_is_a_staircase() {
    let lags = lags(None);
    between("first", lags[0], 580, 640);
    between("seconds of growth", longest_rise(&lags), 10, 25);
    let highest = *lags.iter().max().expect("there are some");
    between("highest", highest, 850, 1_050);
    let drop = lags.windows(2).map(|pair| pair[0].saturating_sub(pair[1])).max().expect("there are some");
    between("the deepest step", drop, 450, 700);
    assert!(lags[lags.len() - 10..].iter().all(|lag| *lag <= 3), "{lags:?}");
}

/// Stated with it: with `autoCommitThreshold` set it is smooth.
#[test]
fn i8_with_a_commit_threshold_the_lag_only_falls() {
    let lags = lags(Some(10));
    let begun = 4; // it joins for three seconds
    between("seconds of growth", longest_rise(&lags[begun..]), 0, 1);
    let drop = lags.windows(2).map(|pair| pair[0].saturating_sub(pair[1])).max().expect("there are some");
    between("the deepest step", drop, 10, 60);
}
