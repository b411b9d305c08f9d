//! What cuts and crashes look like from the other side.

use super::*;

const MS: u64 = 1000;
const S: u64 = 1_000_000;

#[test]
fn a_reply_sent_into_a_silent_cut_comes_at_the_next_expiry_after_it_healed() {
    let log = play(200, |world| {
        world.serve(Some(SimDuration::from_millis(1500)));
        let conn = world.dial(None);
        world.at(1000, move |_| send(&conn, 1));
        world.at(1500, |world| world.cut_both(true)); // the request has arrived; the reply comes 1 s into the cut
        world.at(76_500, |world| world.cut_both(false));
    });
    assert_eq!(heard(&log, "client"), ["opened", "got 1"]);
    assert_eq!(times(&log, "client got 1"), [S + 250 + 1500 * MS + 102_200 * MS + 250], "28.2 s after 75 s of cut");
    assert!(times(&log, "a->b retransmits").is_empty(), "the client has nothing to send again");
}

#[test]
fn a_client_that_only_waits_never_notices_a_cut() {
    let log = play(10_000, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |_| send(&conn, 1));
        world.at(2000, |world| world.cut_both(true));
    });
    assert_eq!(heard(&log, "client"), ["opened"]);
}

#[test]
fn a_one_way_cut_is_not_a_two_way_cut() {
    let sent_into = |there: bool, back: bool| {
        play(1000, move |world| {
            world.serve(Some(SimDuration::ZERO));
            let conn = world.dial(None);
            world.at(1000, move |world| {
                world.net.cut(world.a, world.b, there);
                world.net.cut(world.b, world.a, back);
                send(&conn, 1);
            });
        })
    };
    let (two_way, answers_only) = (sent_into(true, true), sent_into(false, true));
    assert_eq!(heard(&two_way, "server"), ["accepted"]);
    assert_eq!(heard(&answers_only, "server"), ["accepted", "got 1", "timed-out"], "done, though nobody knows");
    assert_eq!(times(&answers_only, "client timed-out"), times(&two_way, "client timed-out"));
}

#[test]
fn a_crashed_process_resets_within_one_latency_and_then_refuses() {
    let log = play(5, |world| {
        world.serve(None);
        world.dial(None);
        world.at(1000, |world| world.net.crash_process(world.b));
        world.at(2000, |world| drop(world.dial(None)));
        world.at(3000, |world| {
            world.serve(None);
            world.dial(None);
        });
    });
    assert_eq!(times(&log, "client reset"), [S + 250]);
    assert_eq!(times(&log, "a->b reset"), [S + 250]);
    assert_eq!(times(&log, "client refused"), [2 * S + 500]);
    assert_eq!(times(&log, "client opened"), [500, 3 * S + 500]);
    assert_eq!(heard(&log, "server"), ["accepted", "accepted"], "its own handlers are not called");
}

#[test]
fn a_crashed_host_is_silent_and_leaves_its_peers_half_open() {
    let log = play(2000, |world| {
        world.serve(None);
        let (idle, busy) = (world.dial(None), world.dial(None));
        world.at(1000, |world| world.net.crash_host(world.b));
        world.at(2000, move |world| {
            send(&busy, 1);
            world.at(1_999_000, move |_| assert!(idle.is_open() && !busy.is_open()));
        });
    });
    assert_eq!(heard(&log, "server"), ["accepted", "accepted"]);
    assert_eq!(times(&log, "client timed-out"), [2 * S + 924_600 * MS]);
    assert_eq!(heard(&log, "b")[2..], ["connections 1", "connections 0"]);
}

#[test]
fn a_rebooted_host_resets_connections_of_its_former_life() {
    let log = play(60, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, |world| world.net.crash_host(world.b));
        world.at(2000, move |_| send(&conn, 1));
        world.at(6000, |world| world.net.boot_host(world.b));
    });
    assert_eq!(times(&log, "client reset"), [2 * S + 6200 * MS + 500], "one round trip after the next expiry");
}

#[test]
fn a_crashed_client_is_forgotten_only_when_the_server_speaks() {
    let log = play(60, |world| {
        let accepted = world.serve(None);
        world.dial(None);
        world.at(1000, |world| {
            world.net.crash_host(world.a);
            world.net.boot_host(world.a);
        });
        world.at(2000, move |_| send(&accepted.borrow()[0], 1));
    });
    assert_eq!(heard(&log, "client"), ["opened"]);
    assert_eq!(times(&log, "server reset"), [2 * S + 500]);
}

#[test]
fn nothing_leaves_a_dead_host() {
    let log = play(200, |world| {
        world.serve(None);
        world.net.crash_host(world.a);
        let conn = world.dial(None);
        send(&conn, 1);
        conn.close();
    });
    assert!(log.is_empty(), "{log:?}");
}

#[test]
fn what_was_under_way_when_its_sender_died_still_arrives() {
    let log = play(3, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |world| {
            send(&conn, 1);
            world.net.crash_host(world.a);
        });
    });
    assert_eq!(times(&log, "server got 1"), [S + 250]);
}

#[test]
fn keepalive_finds_a_silent_peer_and_leaves_a_living_one_alone() {
    let second = SimDuration::from_secs;
    let probes = Some(Keepalive { idle: second(10), interval: second(1), probes: 3 });
    let cut = play(60, move |world| {
        world.serve(None);
        world.dial(probes);
        world.at(5000, |world| world.cut_both(true));
    });
    assert_eq!(times(&cut, "client timed-out"), [13 * S + 500], "three probes and a second each");
    let alive = play(60, move |world| {
        world.serve(None);
        world.dial(probes);
    });
    assert_eq!(heard(&alive, "client"), ["opened"]);
    let rebooted = play(60, move |world| {
        world.serve(None);
        world.dial(probes);
        world.at(5000, |world| {
            world.net.crash_host(world.b);
            world.net.boot_host(world.b);
        });
    });
    assert_eq!(times(&rebooted, "client reset"), [10 * S + 1000]);
}

#[test]
fn keepalive_leaves_the_verdict_to_retransmission_while_data_is_outstanding() {
    let second = SimDuration::from_secs;
    let log = play(1000, move |world| {
        world.serve(None);
        let conn = world.dial(Some(Keepalive { idle: second(10), interval: second(1), probes: 3 }));
        world.at(6000, move |world| {
            world.cut_both(true);
            send(&conn, 1);
        });
    });
    assert_eq!(times(&log, "client timed-out"), [6 * S + 924_600 * MS]);
}
