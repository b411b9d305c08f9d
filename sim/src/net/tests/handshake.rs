//! How connections begin, and how they end in order.

use super::*;

const MS: u64 = 1000;
const S: u64 = 1_000_000;

#[test]
fn a_connection_opens_after_one_round_trip_and_carries_messages_both_ways() {
    let log = play(2, |world| {
        world.serve(Some(SimDuration::ZERO));
        let conn = world.dial(None);
        assert!(!conn.is_open());
        world.at(1000, move |_| {
            assert!(conn.is_open());
            send(&conn, 1);
        });
    });
    assert_eq!(times(&log, "client opened"), [500]);
    assert_eq!(times(&log, "a->b opened"), [500]);
    assert_eq!(times(&log, "server accepted"), [750]);
    assert_eq!(times(&log, "server got 1"), [S + 250]);
    assert_eq!(times(&log, "client got 1"), [S + 500]);
    assert_eq!(times(&log, "a connections 1"), [500]);
    assert_eq!(times(&log, "b connections 1"), [750]);
    assert!(!log.iter().any(|(_, line)| line.contains("retransmits")));
}

#[test]
fn an_undisturbed_exchange_leaves_nothing_unacknowledged() {
    play(2, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |world| {
            (0..10).for_each(|number| send(&conn, number));
            assert_eq!(conn.unacked(), 10);
            world.at(1001, move |_| assert_eq!(conn.unacked(), 0));
        });
    });
}

#[test]
fn a_live_host_without_a_listener_refuses_after_one_round_trip() {
    let log = play(2, |world| drop(world.dial(None)));
    assert_eq!(log, [(500, "a->b refused".to_owned()), (500, "client refused".to_owned())]);
}

#[test]
fn a_port_is_taken_once_and_free_again() {
    play(1, |world| {
        world.serve(None);
        let door = || Rc::new(Door { world: world.clone(), echo: None, accepted: Rc::default() });
        assert_eq!(world.net.listen(world.b, PORT, door()), Err(InUse(PORT)));
        world.net.unlisten(world.b, PORT);
        assert_eq!(world.net.listen(world.b, PORT, door()), Ok(()));
    });
}

#[test]
fn a_dead_host_and_a_cut_are_silent_until_the_syn_budget_ends() {
    let dead = play(200, |world| {
        world.net.crash_host(world.b);
        world.dial(None);
    });
    let cut = play(200, |world| {
        world.serve(None);
        world.net.cut(world.a, world.b, true);
        world.dial(None);
    });
    for log in [dead, cut] {
        let retries = [1, 2, 3, 4, 5, 7, 11, 19, 35, 67].map(|second| second * S);
        assert_eq!(times(&log, "a->b retransmits"), retries);
        assert_eq!(times(&log, "client timed-out"), [131 * S]);
        assert_eq!(times(&log, "a->b timed-out"), [131 * S]);
    }
}

#[test]
fn an_operator_can_shorten_the_syn_budget() {
    let tcp = TcpSpec { syn_retries: 2, ..TcpSpec::default() };
    let log = play_with(LinkSpec::default(), tcp, 200, |world| {
        world.net.crash_host(world.b);
        world.dial(None);
    });
    assert_eq!(times(&log, "a->b retransmits"), [1, 2, 3, 4, 5].map(|second| second * S));
    assert_eq!(times(&log, "client timed-out"), [7 * S], "7.11 s measured");
}

#[test]
fn a_lost_syn_ack_costs_a_second_and_the_connection_opens_once() {
    let log = play(5, |world| {
        world.serve(None);
        world.net.cut(world.b, world.a, true);
        world.at(500, |world| world.net.cut(world.b, world.a, false));
        world.dial(None);
    });
    assert_eq!(times(&log, "client opened"), [S + 500]);
    assert_eq!(times(&log, "server accepted"), [S + 750]);
}

#[test]
fn a_lost_last_ack_of_the_handshake_is_made_good_by_the_first_message() {
    let log = play(5, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.sim.call_at(SimTime::from_nanos(300_000), {
            let world = world.clone();
            move || world.net.cut(world.a, world.b, true)
        });
        world.at(1, move |world| {
            world.net.cut(world.a, world.b, false);
            send(&conn, 1);
        });
    });
    assert_eq!(times(&log, "server accepted"), [MS + 250]);
    assert_eq!(times(&log, "server got 1"), [MS + 250]);
}

#[test]
fn close_delivers_everything_first() {
    let log = play(3, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |world| {
            world.net.cut(world.a, world.b, true);
            send(&conn, 0); // lost: what follows must wait for it
            world.net.cut(world.a, world.b, false);
            send(&conn, 1);
            conn.close();
            assert!(!conn.is_open());
            send(&conn, 2); // ignored
        });
    });
    assert_eq!(heard(&log, "server"), ["accepted", "got 0", "got 1", "closed"]);
    assert_eq!(times(&log, "server closed"), [S + 200 * MS + 250], "the FIN waits for the lost message");
    assert_eq!(heard(&log, "client"), ["opened"], "who closes is not told");
    assert_eq!(times(&log, "a->b closed"), [S]);
    assert_eq!(heard(&log, "b")[1..], ["connections 0"]);
}

#[test]
fn a_close_by_the_server_reaches_the_client_in_order() {
    let log = play(3, |world| {
        let accepted = world.serve(None);
        world.dial(None);
        world.at(1000, move |_| {
            send(&accepted.borrow()[0], 5);
            accepted.borrow()[0].close();
        });
    });
    assert_eq!(heard(&log, "client"), ["opened", "got 5", "closed"]);
    assert_eq!(times(&log, "a->b closed"), [S + 250]);
}

#[test]
fn messages_to_a_closed_end_are_answered_with_reset() {
    let log = play(3, |world| {
        let accepted = world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |world| {
            world.net.cut(world.a, world.b, true);
            conn.close(); // the server does not hear of it
            world.net.cut(world.a, world.b, false);
        });
        world.at(1001, move |_| send(&accepted.borrow()[0], 5));
    });
    assert_eq!(times(&log, "server reset"), [S + MS + 500]);
}

#[test]
fn abort_resets_the_peer_within_one_latency() {
    let log = play(3, |world| {
        world.serve(None);
        let conn = world.dial(None);
        world.at(1000, move |_| conn.abort());
    });
    assert_eq!(times(&log, "server reset"), [S + 250]);
    assert_eq!(heard(&log, "client"), ["opened"]);
}

#[test]
fn the_end_of_a_run_breaks_all_circles() {
    let alive = std::sync::Arc::new(());
    let watched = alive.clone();
    play(3, move |world| {
        struct Holder {
            conn: RefCell<Option<Conn>>,
            _alive: std::sync::Arc<()>,
        }
        impl ConnEvents for Holder {
            fn opened(&self) {}
            fn message(&self, _: u32, _: Rc<dyn Any>) {}
            fn closed(&self, _: ConnChange) {}
        }
        world.serve(None);
        let holder = Rc::new(Holder { conn: RefCell::default(), _alive: watched });
        let conn = world.net.connect(world.a, world.b, PORT, ConnectOptions::default(), holder.clone());
        *holder.conn.borrow_mut() = Some(conn);
    });
    assert_eq!(std::sync::Arc::strong_count(&alive), 1, "the handler outlived its run");
}
