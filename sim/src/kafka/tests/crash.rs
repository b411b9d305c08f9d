//! I1: a broker is killed, stopped or frozen.

use super::*;

/// Gaps of one run, in milliseconds.
#[derive(Debug)]
struct Gaps {
    own: u64,
    others: u64,
    fenced: u64,
}

/// Kills the leader of a partition, who is the active controller or is not, while a producer writes to all three.
fn kill(seed: u64, acks: Acks, controller: bool) -> Gaps {
    Lab::play(seed, 45, three_by_three(), async move |lab| {
        let load = lab.load(acks, &[0, 1, 2]).await;
        lab.sleep(secs(3)).await;
        let own = lab.partition(controller);
        let (victim, from) = (lab.leader(own), lab.now());
        lab.kill(victim);
        let fenced = lab.wait_until(|lab| lab.is_fenced(victim)).await;
        lab.sleep(secs(20) - millis(fenced)).await;
        let gap = |partition| load.gap(partition, from, lab.now()).0;
        let others = (0..3).filter(|partition| *partition != own).map(gap).max().expect("there are two");
        Gaps { own: gap(own), others, fenced }
    })
}

#[test]
fn numbers() {
    for seed in 0..4 {
        for controller in [false, true] {
            eprintln!(
                "{seed} controller {controller}: all {:?} one {:?}",
                kill(seed, Acks::All, controller),
                kill(seed, Acks::Leader, controller)
            );
        }
    }
}
