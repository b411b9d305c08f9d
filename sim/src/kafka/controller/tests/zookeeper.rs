//! Table B3 in ZooKeeper mode: how long things took before KRaft.

use super::world::{ENSEMBLE, World};
use super::{millis, secs, settle};
use crate::engine::SimDuration;
use crate::kafka::types::BrokerId;

fn cluster(seed: u64) -> World {
    let mut world = World::zookeeper(seed, 3);
    settle(&mut world, 3);
    world
}

/// The time from a crash to the first knowledge of the fencing.
fn time_to_fence(world: &mut World, victim: BrokerId) -> u64 {
    let crash = world.now;
    world.crash(victim);
    let fenced = world.run_until("the dead broker is fenced", |world| world.witness.fenced(crash, victim).is_some());
    (fenced - crash).as_millis()
}

/// Goal: B3, crash detection in ZooKeeper mode: 12–18 s, and up to one tick of 2 s. Method: a broker that is not the controller dies
/// at a random moment, with a hundred seeds.
#[test]
fn b3_zookeeper_ends_a_dead_brokers_session_after_twelve_to_eighteen_seconds_and_a_tick() {
    let mut times = Vec::new();
    for seed in 0..100 {
        let mut world = cluster(seed);
        let active = world.active().expect("one");
        let victim = (1..=3).map(BrokerId).find(|id| *id != active).expect("three");
        times.push(time_to_fence(&mut world, victim));
        assert_eq!(world.active(), Some(active), "the controller stays");
    }
    times.sort_unstable();
    assert!(times[0] >= 11_990 && times[99] <= 20_020, "{times:?}");
    assert!(times[99] - times[0] > 5_000, "it depends on when the last ping was: {times:?}");
}

/// Goal: B3, the controller's own session has to end first, then another takes the seat and loads everything; only then the dead one
/// is fenced. Method: the controller dies, with a hundred seeds, and once with many partitions.
#[test]
fn b3_zookeeper_a_new_controller_must_load_everything_before_it_acts() {
    for seed in 0..100 {
        let mut world = cluster(seed);
        let (victim, crash) = (world.active().expect("one"), world.now);
        let fenced = time_to_fence(&mut world, victim);
        let (at, _) = *world.witness.actives.iter().find(|(at, _)| *at > crash).expect("a new controller");
        assert!((11_990..=20_020).contains(&(at - crash).as_millis()), "{}", at - crash);
        assert!((0..10).contains(&(fenced - (at - crash).as_millis())), "it acts at once when it is there");
    }
    assert!(takeover(10_000) - takeover(1) > secs(4), "loading 10 000 partitions takes 5 s");
}

/// From the end of the controller's session to the first act of the next one.
fn takeover(partitions: u32) -> SimDuration {
    let mut world = World::zookeeper(1, 3);
    world.run_until("all brokers are let in", |world| {
        (1..=3).all(|id| world.nodes[&BrokerId(1)].beater.image.is_alive(BrokerId(id)))
    });
    let victim = world.active().expect("one");
    world.ask(victim, crate::kafka::controller::ControlRequest::CreateTopic(super::topic(partitions, 1)));
    world.run_for(secs(5));
    world.crash(victim);
    let crash = world.now;
    world.run_until("its session ends", |world| {
        world.nodes[&ENSEMBLE].member.as_ref().is_some_and(|ensemble| ensemble.leader() != Some(victim))
    });
    let ended = world.now;
    world.run_until("it is fenced", |world| world.witness.fenced(crash, victim).is_some()) - ended
}

/// Goal: B3, losing the controller stops only changes, for longer. Method: nothing but the fencing of the dead node changes a partition.
#[test]
fn b3_zookeeper_controller_loss_changes_no_leader_until_the_next_one_acts() {
    let mut world = cluster(2);
    let (victim, crash) = (world.active().expect("one"), world.now);
    world.crash(victim);
    world.run_for(secs(11));
    assert_eq!(world.witness.changes(crash), [], "no partition has changed");
    world.run_until("it is fenced", |world| world.witness.fenced(crash, victim).is_some());
    world.run_for(secs(1));
    assert!(!world.witness.changes(crash).is_empty());
}

/// Goal: B3, a planned stop moves leaders first, as in KRaft; and a closed session frees the controller's seat at once. Method: the
/// controller itself stops.
#[test]
fn b3_zookeeper_a_planned_stop_moves_leaders_and_the_seat_in_milliseconds() {
    let mut world = cluster(3);
    let victim = world.active().expect("one");
    world.nodes.get_mut(&victim).expect("known").beater.stop = true;
    let asked = world.now;
    world.run_until("it may stop", |world| world.nodes[&victim].beater.may_stop);
    assert!(world.now - asked < secs(7));
    let leads = |world: &World| {
        world.nodes[&victim].beater.image.topics["t"].partitions.iter().any(|p| p.leader == Some(victim))
    };
    assert!(!leads(&world));
    world.leave(victim);
    let left = world.now;
    world.run_for(millis(10));
    world.crash(victim);
    assert!(world.run_until("another is active", |world| world.active().is_some()) - left < millis(50));
}

/// Goal: a controller that the ensemble has given up cannot write any more. Method: cut it off from the ensemble only; another takes over,
/// and after the cut there is one controller, with one history.
#[test]
fn a_controller_of_the_past_cannot_write() {
    let mut world = cluster(4);
    let old = world.active().expect("one");
    world.cut(old, ENSEMBLE, true);
    world.run_for(secs(30));
    let member = |world: &World, id: BrokerId| world.nodes[&id].member.as_ref().expect("alive").is_active();
    let new = (1..=3).map(BrokerId).find(|id| *id != old && member(&world, *id)).expect("another one");
    world.cut(old, ENSEMBLE, false);
    world.run_for(secs(10));
    assert!(member(&world, new) && !member(&world, old));
    let images: Vec<String> = (1..=3).map(|id| format!("{:?}", world.nodes[&BrokerId(id)].beater.image)).collect();
    assert!(images.iter().all(|image| *image == images[0]), "all know the same: {images:#?}");
    assert!(world.nodes[&new].beater.image.is_alive(old), "the old one is a broker again");
}
