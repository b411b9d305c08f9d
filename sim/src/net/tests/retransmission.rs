//! What loss costs.

use super::*;

const MS: u64 = 1000;
const S: u64 = 1_000_000;

/// Loses message 0, then sends `later` more at once.
fn lose_the_first_of(later: u32) -> Vec<Line> {
    play(5, move |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |world| {
            world.net.cut(world.a, world.b, true);
            send(&conn, 0);
            world.net.cut(world.a, world.b, false);
            (1..=later).for_each(|number| send(&conn, number));
        });
    })
}

#[test]
fn expiries_double_to_two_minutes_and_the_sixteenth_gives_up() {
    let log = play(1000, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |world| {
            world.net.cut(world.a, world.b, true);
            send(&conn, 0);
        });
    });
    let after = [
        200, 600, 1400, 3000, 6200, 12_600, 25_400, 51_000, 102_200, 204_600, 324_600, 444_600, 564_600, 684_600,
        804_600,
    ];
    assert_eq!(times(&log, "a->b retransmits"), after.map(|millis| S + millis * MS));
    assert_eq!(times(&log, "client timed-out"), [S + 924_600 * MS]);
    assert_eq!(times(&log, "a->b timed-out"), [S + 924_600 * MS]);
}

#[test]
fn an_operator_can_shorten_the_wait_for_an_acknowledgement() {
    let tcp = TcpSpec { retries2: 5, ..TcpSpec::default() };
    let log = play_with(LinkSpec::default(), tcp, 100, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |world| {
            world.net.cut(world.a, world.b, true);
            send(&conn, 0);
        });
    });
    let after = [200, 600, 1400, 3000, 6200];
    assert_eq!(times(&log, "a->b retransmits"), after.map(|millis| S + millis * MS));
    assert_eq!(times(&log, "client timed-out"), [S + 12_600 * MS], "13.7 s measured");
}

#[test]
fn a_lone_lost_message_waits_for_the_timeout() {
    let log = lose_the_first_of(0);
    assert_eq!(times(&log, "server got 0"), [S + 200 * MS + 250]);
}

#[test]
fn a_lost_message_stalls_those_behind_it() {
    let log = lose_the_first_of(2);
    assert_eq!(heard(&log, "server")[1..], ["got 0", "got 1", "got 2"]);
    for message in ["server got 0", "server got 1", "server got 2"] {
        assert_eq!(times(&log, message), [S + 200 * MS + 250]);
    }
    assert_eq!(times(&log, "a->b retransmits").len(), 1, "the peer is known to have the others");
}

#[test]
fn three_later_messages_bring_the_lost_one_back_after_a_round_trip() {
    let log = lose_the_first_of(3);
    assert_eq!(times(&log, "a->b retransmits"), [S + 500]);
    assert_eq!(times(&log, "server got 0"), [S + 750]);
    assert_eq!(times(&log, "server got 3"), [S + 750]);
}

#[test]
fn after_a_cut_the_first_answer_brings_all_others_back() {
    let log = play(5, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |world| {
            world.net.cut(world.a, world.b, true);
            (0..5).for_each(|number| send(&conn, number));
        });
        world.at(2000, |world| world.net.cut(world.a, world.b, false));
    });
    let healed = S + 1400 * MS; // the third expiry
    assert_eq!(times(&log, "server got 0"), [healed + 250]);
    assert_eq!(times(&log, "server got 4"), [healed + 750]);
    assert_eq!(
        times(&log, "a->b retransmits"),
        [&[S + 200 * MS, S + 600 * MS, healed][..], &[healed + 500; 4]].concat()
    );
}

#[test]
fn progress_ends_the_backoff() {
    let log = play(10, |world| {
        world.serve(None);
        let conn = world.dial(None);
        for second in [1, 4] {
            let conn = conn.clone();
            world.at(second * 1000, move |world| {
                world.net.cut(world.a, world.b, true);
                send(&conn, 0);
            });
            world.at(second * 1000 + 1000, |world| world.net.cut(world.a, world.b, false));
        }
    });
    assert_eq!(times(&log, "server got 0"), [S + 1400 * MS + 250, 4 * S + 1400 * MS + 250]);
}

#[test]
fn lost_acknowledgements_repeat_messages_that_the_receiver_has() {
    let log = play(5, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |world| {
            world.net.cut(world.b, world.a, true);
            send(&conn, 0);
            let unacked = move |expected| move |_: &World| assert_eq!(conn.unacked(), expected);
            world.at(1550, unacked.clone()(1));
            world.at(1601, unacked(0));
        });
        world.at(1500, |world| world.net.cut(world.b, world.a, false));
    });
    assert_eq!(times(&log, "server got 0"), [S + 250], "once, and at once");
    assert_eq!(times(&log, "a->b retransmits"), [S + 200 * MS, S + 600 * MS]);
}

#[test]
fn jitter_and_loss_never_reorder_repeat_or_lose_a_message() {
    let ms = SimDuration::from_millis;
    let latency = crate::dist::Dist::LogNormal { median: ms(2), p99: ms(40) };
    let log = play_over(LinkSpec { latency, loss_ppm: 50_000, ..LinkSpec::default() }, 200, |world| {
        world.serve(Some(ms(1)));
        let conn = world.dial(None);
        for number in 0..1000 {
            let conn = conn.clone();
            world.at(10_000 + u64::from(number) * 2, move |_| send(&conn, number));
        }
    });
    let all: Vec<String> = (0..1000).map(|number| format!("got {number}")).collect();
    assert_eq!(heard(&log, "server")[1..], all);
    assert_eq!(heard(&log, "client")[1..], all);
    assert!(times(&log, "a->b segments.lost").len() > 50);
}

#[test]
fn a_path_that_turns_slow_is_learnt_instead_of_flooded() {
    let log = play(30, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, |world| world.net.set_extra_delay(world.a, world.b, SimDuration::from_millis(500)));
        for second in 2..22 {
            let conn = conn.clone();
            world.at(second * 1000, move |_| send(&conn, 0));
        }
    });
    assert_eq!(times(&log, "a->b retransmits"), [2 * S + 200 * MS], "only the first one takes it for a loss");
}
