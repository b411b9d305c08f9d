//! What a link does to a segment.

use super::*;
use crate::dist::Dist;
use crate::units::Bytes;

const MS: u64 = 1000;
const S: u64 = 1_000_000;

/// A megabyte a second: a message of 960 bytes and its headers take a millisecond.
fn narrow(queue: u64) -> LinkSpec {
    LinkSpec { bandwidth: Some(Bytes(1_000_000)), queue: Bytes(queue), ..LinkSpec::default() }
}

fn burst(link: LinkSpec, count: u32) -> Vec<Line> {
    play_over(link, 5, move |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |_| (0..count).for_each(|number| conn.send(960, Rc::new(number))));
    })
}

#[test]
fn bandwidth_spaces_segments_out() {
    let log = burst(narrow(1 << 20), 3);
    for (message, millis) in [("server got 0", 1), ("server got 1", 2), ("server got 2", 3)] {
        assert_eq!(times(&log, message), [S + millis * MS + 250]);
    }
    assert_eq!(heard(&log, "a->b")[1..], ["link.queue 2000", "link.queue 3000", "link.queue 0"]);
    assert_eq!(times(&log, "a->b link.queue 0"), [S + 3 * MS]);
}

#[test]
fn a_full_send_queue_drops_what_comes_last() {
    let log = burst(narrow(2000), 4);
    assert_eq!(times(&log, "a->b segments.lost"), [S, S]);
    assert_eq!(times(&log, "server got 1"), [S + 2 * MS + 250]);
    assert!(times(&log, "server got 2")[0] > S + 200 * MS, "it had to be sent again");
    assert_eq!(heard(&log, "server")[1..], ["got 0", "got 1", "got 2", "got 3"]);
}

#[test]
fn delay_is_fixed_when_a_segment_is_sent() {
    let log = play(5, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |world| {
            world.net.set_extra_delay(world.a, world.b, SimDuration::from_millis(50));
            send(&conn, 0);
            world.net.set_extra_delay(world.a, world.b, SimDuration::ZERO);
            world.net.cut(world.a, world.b, true);
        });
    });
    assert_eq!(times(&log, "server got 0"), [S + 50 * MS + 250], "neither the healing nor the cut touch it any more");
}

#[test]
fn loss_follows_its_probability_and_can_be_added_by_a_fault() {
    let lost = |own: u32, extra: u32| {
        let log = play_over(LinkSpec { loss_ppm: own, ..LinkSpec::default() }, 300, move |world| {
            world.serve(None);
            let conn = world.dial(None);
            world.at(20_000, move |world| {
                world.net.set_extra_loss(world.a, world.b, extra);
                for number in 0..2000 {
                    let conn = conn.clone();
                    world.at(20_000 + 10 * u64::from(number), move |_| send(&conn, number));
                }
            });
        });
        assert_eq!(heard(&log, "server").len(), 2001);
        times(&log, "a->b segments.lost").len()
    };
    assert_eq!(lost(0, 0), 0);
    assert!((60..150).contains(&lost(50_000, 0)));
    assert!((60..150).contains(&lost(0, 50_000)));
    assert!((150..280).contains(&lost(50_000, 50_000)));
}

#[test]
fn loopback_is_fast_and_loses_nothing() {
    let log = play_over(LinkSpec { loss_ppm: 1_000_000, ..LinkSpec::default() }, 2, |world| {
        world.serve(None);
        let ear = Ear::new(world, "client", None);
        let conn = world.net.connect(world.b, world.b, PORT, ConnectOptions::default(), ear);
        world.at(1000, move |_| send(&conn, 3));
    });
    assert_eq!(times(&log, "client opened"), [30]);
    assert_eq!(times(&log, "server got 3"), [S + 15]);
    assert_eq!(heard(&log, "b").last(), Some(&"connections 2"), "both ends are here");
}

#[test]
fn other_hosts_and_links_move_no_random_number() {
    let jitter = Dist::Exponential(SimDuration::from_millis(5));
    let link = LinkSpec { latency: jitter, loss_ppm: 20_000, ..LinkSpec::default() };
    let story = |crowded: bool| {
        let log = play_over(link.clone(), 60, move |world| {
            world.serve(None);
            if crowded {
                let c = world.net.add_host("c");
                let ear = Ear::new(world, "other", None);
                let conn = world.net.connect(c, world.a, 1, ConnectOptions::default(), ear);
                world.at(10_000, move |_| send(&conn, 1));
            }
            let conn = world.dial(None);
            for number in 0..200 {
                let conn = conn.clone();
                world.at(20_000 + u64::from(number) * 7, move |_| send(&conn, number));
            }
        });
        log.into_iter().filter(|(_, line)| line.starts_with("server")).collect::<Vec<_>>()
    };
    let alone = story(false);
    assert_eq!(alone.len(), 201);
    assert_eq!(alone, story(true));
}

#[test]
fn hosts_are_found_by_their_name() {
    play(1, |world| {
        assert_eq!(world.net.host("a"), Some(world.a));
        assert_eq!(world.net.host("nobody"), None);
        assert_eq!(world.net.add_host("b"), world.b, "a name is one host");
        assert_ne!(world.net.name_of(world.a), world.net.name_of(world.b));
    });
}
