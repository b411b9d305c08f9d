//! I4 and E2: two replicas, both of which must be in sync, and one of them dies for 35 s.

use super::*;
use crate::kafka::client::ProducerConfig;
use crate::kafka::producer::Producer;
use crate::kafka::types::Acks;

fn two_by_two() -> TopicConfig {
    TopicConfig { partitions: 1, replication_factor: 2, min_insync: 2, ..TopicConfig::default() }
}

impl Lab {
    /// Leader and follower of partition 0.
    fn pair(&self) -> (BrokerId, BrokerId) {
        let state = self.cluster.state_of(&TopicPartition::new(TOPIC, 0)).expect("it exists");
        let leader = state.leader.expect("it is led");
        (leader, *state.replicas.iter().find(|id| **id != leader).expect("there are two"))
    }

    /// Sends with all acks and says how that ended, and after how many milliseconds.
    async fn timed(self, producer: Producer, value: String) -> (u64, Result<(), String>) {
        let from = self.now();
        let result = self.send(&producer, 0, &value).await;
        (self.since(from), result)
    }
}

/// Measured: acks=1 is answered at once and invisible until the follower is back; three acks=all sends wait and succeed then, one of
/// them twice in the log. (The first parks for its 30 s; the others wait behind it on the connection, and find too few in sync.
/// The follower starts after 33 s and is in sync about 2 s later.)
#[test]
fn i4_below_the_minimum_acks_1_is_invisible_and_acks_all_waits() {
    Lab::play(1, 60, two_by_two(), async |lab| {
        let site = lab.service("app");
        let (one, all) = (lab.producer(&site, Acks::Leader).await, lab.producer(&site, Acks::All).await);
        let (_, follower) = lab.pair();
        lab.send(&all, 0, "before").await.expect("is stored");
        let group = lab.group_beside(follower).await;
        let reader = lab.member("reader", &group, Handling::default());
        lab.wait_until(|_| !reader.read().is_empty()).await;
        lab.kill(follower);
        let from = lab.now();
        lab.send(&one, 0, "one").await.expect("is stored");
        between("acks=1", lab.since(from), 0, 10);
        let sends = (0..3).map(|nth| site.process.spawn(lab.clone().timed(all.clone(), format!("all-{nth}"))));
        let sends: Vec<_> = sends.collect();
        lab.sleep(secs(33)).await;
        assert_eq!((reader.read(), lab.high_watermark(0)), (vec!["before".to_owned()], Offset(1)));
        lab.node(follower).process.start();
        for send in sends {
            let (took, result) = send.await.expect("the process lives");
            assert_eq!(result, Ok(()));
            between("acks=all", took, 33_000, 46_000);
        }
        lab.sleep(secs(5)).await;
        let copies = |value: &str| lab.log(0).iter().filter(|found| *found == value).count();
        assert_eq!(["one", "all-0", "all-1", "all-2"].map(copies), [1, 2, 1, 1], "{:?}", lab.log(0));
        assert_eq!(reader.read(), lab.log(0));
    });
}

/// E2: the acknowledgement times out and the retry stores the record again; an idempotent producer's is recognised.
#[test]
fn e2_a_retry_after_a_lost_acknowledgement_duplicates_unless_idempotent() {
    for (idempotent, copies) in [(false, 2), (true, 1)] {
        let log = Lab::play(2, 60, two_by_two(), async move |lab| {
            let site = lab.service("app");
            let producer = lab.kafka(&site).producer(ProducerConfig { idempotent, ..ProducerConfig::default() });
            producer.connect().await.expect("brokers are up");
            lab.kill(lab.pair().1);
            let follower = lab.pair().1;
            let send = site.process.spawn(lab.clone().timed(producer, "order".into()));
            lab.sleep(secs(33)).await;
            lab.node(follower).process.start();
            assert_eq!(send.await.expect("the process lives").1, Ok(()));
            lab.log(0)
        });
        assert_eq!(log, vec!["order"; copies], "idempotent: {idempotent}");
    }
}
