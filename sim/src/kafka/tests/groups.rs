//! I5: joining, leaving and dying members.

use super::*;
use crate::kafka::assignor::Assignor;
use crate::kafka::types::Acks;

#[test]
fn i5_numbers() {
    for seed in 0..3 {
        Lab::play(seed, 120, three_by_three(), async move |lab| {
            let first = lab.member("a", "g", Handling::default());
            lab.wait_until(|_| first.has(3)).await;
            let wait = |m: &Member| m.joins()[0].since(m.times(|l| *l == Line::Began)[0]).as_millis();
            eprintln!("{seed} first group {}", wait(&first));
            let other = lab.member("b", "h", Handling::default());
            lab.wait_until(|_| other.has(3)).await;
            eprintln!("{seed} fresh group {}", wait(&other));
            lab.sleep(millis(4_000 + seed * 1700)).await;
            let second = lab.member("c", "g", Handling::default());
            lab.wait_until(|_| second.joins().len() == 1).await;
            eprintln!("{seed} second, first idle: {}", wait(&second));
            lab.sleep(millis(7_000 + seed * 1700)).await;
            let from = lab.now();
            second.consumer.disconnect().await;
            let took = lab.since(from);
            lab.wait_until(|_| first.has(3)).await;
            eprintln!("{seed} disconnect {took}, idle {}", lab.since(from));
            let third = lab.member("d", "g", Handling::default());
            lab.wait_until(|_| third.joins().len() == 1).await;
            lab.sleep(millis(7_000 + seed * 1700)).await;
            let from = lab.now();
            third.kill();
            lab.wait_until(|_| first.has(3)).await;
            eprintln!("{seed} killed, idle {}", lab.since(from));
        });
        Lab::play(seed, 120, three_by_three(), async move |lab| {
            let wait = |m: &Member| m.joins()[0].since(m.times(|l| *l == Line::Began)[0]).as_millis();
            lab.load(Acks::All, &[0, 1, 2]).await;
            let busy = Handling { takes: millis(10), ..Handling::default() };
            let first = lab.member("a", "g", busy.clone());
            lab.wait_until(|_| first.has(3)).await;
            lab.sleep(millis(7_000 + seed * 700)).await;
            let second = lab.member("b", "g", busy.clone());
            lab.wait_until(|_| second.joins().len() == 1).await;
            eprintln!("{seed} second, first busy: {}", wait(&second));
            lab.sleep(millis(7_000 + seed * 700)).await;
            let third = lab.member("c", "g", busy.clone());
            lab.wait_until(|_| third.joins().len() == 1).await;
            eprintln!("{seed} third, idle fetchers: {}", wait(&third));
            lab.sleep(millis(7_000 + seed * 700)).await;
            let from = lab.now();
            third.kill();
            lab.wait_until(|_| first.joins().last().is_some_and(|at| *at > from)).await;
            eprintln!("{seed} killed busy {}", lab.since(from));
        });
        Lab::play(seed, 100, three_by_three(), async move |lab| {
            let all = vec![Assignor::Range, Assignor::CooperativeSticky];
            let (_, first) = lab.java("a", "g", all.clone());
            lab.wait_until(|_| first.has(3)).await;
            eprintln!(
                "{seed} java first {}",
                first.joins()[0].since(first.times(|l| *l == Line::Began)[0]).as_millis()
            );
            let (_, second) = lab.java("b", "g", all);
            lab.wait_until(|_| second.joins().len() == 1).await;
            eprintln!(
                "{seed} java second {}",
                second.joins()[0].since(second.times(|l| *l == Line::Began)[0]).as_millis()
            );
            lab.sleep(secs(5)).await;
            let from = lab.now();
            second.kill();
            lab.wait_until(|_| first.has(3)).await;
            eprintln!("{seed} java killed {}", lab.since(from));
        });
    }
}
