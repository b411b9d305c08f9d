//! I6: what becomes of a poison message, on three brokers.

use super::*;
use crate::kafka::client::Thrown;
use crate::kafka::types::Acks;

#[test]
fn i6_numbers() {
    for seed in 0..2 {
        for thrown in [Some(Thrown::Error), Some(Thrown::SyntaxError), None] {
            Lab::play(seed, 110, three_by_three(), async move |lab| {
                let site = lab.service("app");
                let all = lab.producer(&site, Acks::All).await;
                for (partition, value) in [(1, "x"), (2, "y"), (0, "ok"), (0, "poison"), (0, "behind")] {
                    lab.send(&all, partition, value).await.expect("is stored");
                }
                let what = format!("{seed} {thrown:?}");
                let from = lab.now();
                let a = lab.member("a", "g", Handling { thrown, ..Handling::default() });
                lab.sleep(secs(15)).await;
                let b = (thrown == Some(Thrown::SyntaxError))
                    .then(|| lab.member("b", "g", Handling { thrown, ..Handling::default() }));
                for value in ["u", "v"] {
                    lab.send(&all, 1, value).await.expect("is stored");
                }
                if b.is_some() {
                    lab.send(&all, 0, "poison").await.expect("is stored");
                }
                lab.sleep(secs(75)).await;
                let tell = |m: &Member| {
                    m.diary()
                        .into_iter()
                        .filter(|(_, l)| !matches!(l, Line::Did(_)))
                        .map(|(at, l)| (at.since(from).as_millis(), l))
                        .collect::<Vec<_>>()
                };
                eprintln!("{what} a {:?}", tell(&a));
                if let Some(b) = b {
                    eprintln!("{what} b {:?}", tell(&b));
                }
                eprintln!("committed {:?}", lab.cluster.committed("g", &TopicPartition::new(TOPIC, 0)));
            });
        }
    }
}
