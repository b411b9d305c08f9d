//! Random short histories with crashes, cuts, frozen nodes and restarts. The witness looks after every event: one leader in each
//! epoch, and no two members that disagree about what is committed.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::world::{ENSEMBLE, World};
use super::{millis, rejoin, secs};
use crate::kafka::controller::{ControlRequest, ControlResponse};
use crate::kafka::metadata::{MetadataRecord, PartitionState};
use crate::kafka::protocol::{NewTopic, Response};
use crate::kafka::types::{BrokerId, ErrorCode, TopicPartition};

/// One thing that goes wrong, or right again, or is asked.
fn disturb(world: &mut World, nodes: u32, step: u64, asked: &mut Vec<Rc<str>>) {
    let a = BrokerId(1 + world.random.below(u64::from(nodes)) as u32);
    let b = match world.random.below(u64::from(nodes) + 1) as u32 {
        0 if world.nodes.contains_key(&ENSEMBLE) => ENSEMBLE,
        other => BrokerId(other.max(1)),
    };
    match world.random.below(10) {
        0 | 1 if world.is_up(a) => world.crash(a),
        0..=3 if !world.is_up(a) => world.start(a),
        4 | 5 if a != b => world.cut(a, b, true),
        6 | 7 => world.cut(a, b, false),
        8 if world.is_up(a) => world.freeze(a),
        9 if world.is_up(a) => world.thaw(a),
        _ => {
            let name: Rc<str> = format!("t{step}").into();
            world.ask(a, ControlRequest::CreateTopic(NewTopic { topic: name.clone(), ..super::topic(2, 2) }));
            asked.push(name);
        }
    }
}

/// Everything is repaired.
fn repair(world: &mut World) {
    let nodes: Vec<BrokerId> = world.nodes.keys().copied().collect();
    for a in &nodes {
        nodes.iter().for_each(|b| world.cut(*a, *b, false));
        if world.is_up(*a) { world.thaw(*a) } else { world.start(*a) }
    }
}

/// Plays a history; then repairs everything, and checks that the cluster works and that all agree.
fn play(world: &mut World, nodes: u32) -> usize {
    let mut asked = Vec::new();
    world.run_for(secs(4));
    for step in 0..24 {
        disturb(world, nodes, step, &mut asked);
        let pause = world.random.below(4_000);
        world.run_for(millis(pause));
    }
    repair(world);
    world.run_for(secs(45));
    let active = world.active().expect("a repaired cluster has an active controller");
    let known: Vec<String> = (1..=nodes).map(|id| format!("{:?}", world.nodes[&BrokerId(id)].beater.image)).collect();
    assert!(known.iter().all(|image| *image == known[0]), "all know the same: {known:#?}");
    let image = &world.nodes[&active].beater.image;
    assert!((1..=nodes).all(|id| image.is_alive(BrokerId(id))), "all brokers are let in: {image:?}");
    let done = |answer: &&Option<Response>| {
        matches!(answer, Some(Response::Control(ControlResponse::Created(ErrorCode::None))))
    };
    let (created, there) = (world.answers.iter().filter(done).count(), image.topics.len());
    assert!(
        created <= there && there <= asked.len(),
        "of {} topics {created} were promised, {there} exist",
        asked.len()
    );
    check_partitions(world, active);
    created
}

/// Along the log of records each partition's epochs rise one by one, its leader is in its ISR, and who leads changes with the leader
/// epoch only.
fn check_partitions(world: &World, node: BrokerId) {
    let mut last: BTreeMap<TopicPartition, PartitionState> = BTreeMap::new();
    let image = &world.nodes[&node].beater.image;
    let records = world.witness.seen.iter().filter(|(_, at, _)| *at == node).map(|(_, _, record)| record);
    // Each life of the node sees all records anew; the last one is complete.
    let records: Vec<&MetadataRecord> = records.collect();
    for record in &records[records.len() - image.offset as usize..] {
        let MetadataRecord::PartitionChanged { partition, state } = record else { continue };
        assert!(!state.isr.is_empty() && state.leader.is_none_or(|leader| state.isr.contains(&leader)), "{state:?}");
        if let Some(before) = last.insert(partition.clone(), state.clone()) {
            assert_eq!(state.partition_epoch, before.partition_epoch + 1);
            let changed = u32::from(state.leader != before.leader);
            assert_eq!(state.leader_epoch.0, before.leader_epoch.0 + changed);
        }
    }
}

/// Goal: the quorum keeps its promises whatever happens. Method: 1000 histories of three voters and one observer.
#[test]
fn voters_agree_on_leaders_and_on_what_is_committed_in_a_thousand_histories() {
    let (mut elections, mut created, mut commits) = (0, 0, 0);
    for seed in 0..1000 {
        let mut world = World::kraft(seed, 3, 1);
        created += play(&mut world, 4);
        elections += world.witness.elections();
        commits += world.witness.commits();
    }
    assert!(elections > 2_500, "too little happened: {elections} elections");
    assert!(created > 300 && commits > 100_000, "too little was decided: {created} topics, {commits} entries");
}

/// Goal: the same in ZooKeeper mode, where brokers agree through the ensemble. Method: 300 histories of three brokers.
#[test]
fn brokers_around_zookeeper_agree_in_three_hundred_histories() {
    let (mut seats, mut created) = (0, 0);
    for seed in 0..300 {
        let mut world = World::zookeeper(seed, 3);
        created += play(&mut world, 3);
        seats += world.witness.actives.len();
    }
    assert!(seats > 500 && created > 100, "too little happened: {seats} controllers, {created} topics");
}

/// Goal: same seed, same history. Method: one history twice, all records with times and places compared.
#[test]
fn a_history_repeats_exactly() {
    let seen = |seed| {
        let mut world = World::kraft(seed, 3, 1);
        play(&mut world, 4);
        format!("{:?}", world.witness.seen)
    };
    assert_eq!(seen(11), seen(11));
    assert_ne!(seen(11), seen(12));
}

/// Goal: an ISR change that was granted is in the image of everybody. Method: fence one, let it rejoin.
#[test]
fn a_granted_isr_change_reaches_every_broker() {
    let mut world = World::kraft(9, 3, 0);
    super::settle(&mut world, 3);
    let active = world.active().expect("one");
    rejoin(&mut world, active);
    let isrs = |id| world.nodes[&BrokerId(id)].beater.image.topics["t"].partitions.iter().map(|p| p.isr.len()).min();
    assert!((1..=3).all(|id| isrs(id) == Some(3)));
}
