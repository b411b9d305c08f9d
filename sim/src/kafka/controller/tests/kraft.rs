//! Table B3 in KRaft mode, and I1: how long things take.

use super::world::World;
use super::{secs, settle};
use crate::engine::SimDuration;
use crate::kafka::types::BrokerId;

/// A cluster of three combined nodes at rest, with a topic of three partitions.
fn cluster(seed: u64) -> World {
    let mut world = World::kraft(seed, 3, 0);
    settle(&mut world, 3);
    world
}

/// The time from a crash to the first knowledge of the fencing.
fn time_to_fence(world: &mut World, victim: BrokerId) -> SimDuration {
    let crash = world.now;
    world.crash(victim);
    world.run_until("the dead broker is fenced", |world| world.witness.fenced(crash, victim).is_some()) - crash
}

/// Goal: B3, crash detection after death: 7–9 s (measured 7.2–8.7). Method: a node that is not the active controller dies at a
/// random moment, with a hundred seeds.
#[test]
fn b3_a_dead_broker_is_fenced_after_seven_to_nine_seconds() {
    let mut times = Vec::new();
    for seed in 0..100 {
        let mut world = cluster(seed);
        let active = world.active().expect("a cluster at rest has one");
        let victim = (1..=3).map(BrokerId).find(|id| *id != active).expect("three nodes");
        times.push(time_to_fence(&mut world, victim).as_millis());
        assert_eq!(world.active(), Some(active), "the controller stays");
    }
    times.sort_unstable();
    assert!(times[0] >= 6_990 && times[99] <= 9_010, "{times:?}");
    assert!(times[99] - times[0] > 1_500, "it depends on when the last heartbeat was: {times:?}");
}

/// Goal: B3 and I1, the dead node was the active controller too: a new one after about 3 s (measured 3.3), which gives every broker a
/// full session, so the fence comes after 12–13 s (measured 12.36). Method: as before, the victim is the active controller.
#[test]
fn b3_losing_the_active_controller_adds_an_election_and_a_full_session() {
    let (mut elected, mut fenced) = (Vec::new(), Vec::new());
    for seed in 0..100 {
        let mut world = cluster(seed);
        let (victim, crash) = (world.active().expect("one"), world.now);
        fenced.push(time_to_fence(&mut world, victim).as_millis());
        let (at, _) = world.witness.actives.iter().find(|(at, _)| *at > crash).expect("a new controller");
        elected.push((*at - crash).as_millis());
    }
    elected.sort_unstable();
    fenced.sort_unstable();
    println!("{elected:?}\n{fenced:?}");
    assert!(elected[5] >= 2_000 && elected[94] <= 4_000, "{elected:?}");
    assert!((11_800..13_300).contains(&fenced[50]), "{fenced:?}");
}
