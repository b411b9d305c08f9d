use super::*;

/// EXP-1: 300 calls, limit 100, 1.5 s each: three waves, nothing refused.
#[test]
fn a_stream_limit_queues_calls_in_the_client() {
    let ends = run(10, |lab| {
        let policy = ServerPolicy { max_concurrent_streams: Some(100), ..ServerPolicy::default() };
        let server = lab.server("server", policy, ms(1500));
        let client = lab.client_of(&[&server], ClientPolicy::default());
        (0..300).for_each(|_| lab.call_at(&client, at_ms(0)));
        Box::new(lab.ends())
    });
    assert_eq!(ends.len(), 300);
    assert!(ends.iter().all(|(_, code)| *code == Code::Ok));
    let wave = |n: u64| ends.iter().filter(|(at, _)| (1500 * n..1500 * n + 200).contains(at)).count();
    assert_eq!([wave(1), wave(2), wave(3)], [100, 100, 100]);
}

#[test]
fn without_a_limit_a_thousand_calls_are_at_work_at_once() {
    let ends = run(10, |lab| {
        let server = lab.server("server", ServerPolicy::default(), ms(1500));
        let client = lab.client_of(&[&server], ClientPolicy::default());
        (0..1000).for_each(|_| lab.call_at(&client, at_ms(0)));
        Box::new(lab.ends())
    });
    assert_eq!(ends.len(), 1000);
    assert!(ends.iter().all(|(at, code)| *code == Code::Ok && *at < 1900), "{:?}", ends.last());
}

/// The deadline of a call that waits for a stream keeps running (A1).
#[test]
fn a_deadline_runs_while_a_call_waits_for_a_stream() {
    let ends = run(10, |lab| {
        let policy = ServerPolicy { max_concurrent_streams: Some(1), ..ServerPolicy::default() };
        let server = lab.server("server", policy, ms(1500));
        let client = lab.client_of(&[&server], ClientPolicy { deadline: Some(ms(2000)), ..ClientPolicy::default() });
        (0..3).for_each(|_| lab.call_at(&client, at_ms(0)));
        Box::new(lab.ends())
    });
    let codes: Vec<Code> = ends.iter().map(|(_, code)| *code).collect();
    assert_eq!(codes, [Code::Ok, Code::DeadlineExceeded, Code::DeadlineExceeded]);
    assert!(ends[1].0 == 2000 && ends[2].0 == 2000, "{ends:?}");
}

/// grpc-js hands a call to the HTTP/2 session at once: those that wait there for a stream die with the connection.
#[test]
fn calls_that_wait_for_a_stream_fail_with_the_connection() {
    let ends = run(10, |lab| {
        let policy = ServerPolicy { max_concurrent_streams: Some(1), ..ServerPolicy::default() };
        let server = lab.server("server", policy, ms(5000));
        let client = lab.client_of(&[&server], ClientPolicy::default());
        (0..3).for_each(|_| lab.call_at(&client, at_ms(0)));
        lab.stage.sim().call_at(at_ms(1000), move || server.process.exit(crate::trace::Exit::Crashed));
        Box::new(lab.ends())
    });
    assert_eq!(ends.len(), 3, "{ends:?}");
    assert!(ends.iter().all(|&(at, code)| at <= 1005 && code == Code::Unavailable), "{ends:?}");
}

/// What does not fit into the socket's send buffer waits in the process, and a call cancelled there leaves no trace on the wire.
#[test]
fn calls_given_up_behind_a_full_send_buffer_are_never_sent() {
    let (handled, floods) = run(300, |lab| {
        let handled = Rc::new(std::cell::Cell::new(0u32));
        let count = handled.clone();
        let server = lab.server_with("server", ServerPolicy::default(), move |_, _, _| {
            count.set(count.get() + 1);
            async { Ok(Message::empty()) }
        });
        let client = lab.client_of(&[&server], ClientPolicy { deadline: Some(ms(1000)), ..ClientPolicy::default() });
        lab.call_at(&client, at_ms(0));
        let (net, from, to) = (lab.stage.net().clone(), lab.client.host, server.host);
        for (at, cut) in [(1000, true), (76_000, false)] {
            let net = net.clone();
            lab.stage.sim().call_at(at_ms(at), move || net.cut(from, to, cut));
        }
        (0..3000).for_each(|n| lab.call_at(&client, at_ms(2000 + n * 20)));
        let marks = lab.marks.clone();
        Box::new(move || {
            let floods = marks.borrow().0.iter().filter(|(_, mark)| *mark == Mark::ResetFlood).count();
            (handled.get(), floods)
        })
    });
    assert_eq!(floods, 0, "too few resets arrive to tear the session down");
    assert!((200..800).contains(&handled), "{handled} of 3000 requests had left the process");
}

/// EXP-19: more than 1000 resets in a burst tear the session down; everything on it ends as INTERNAL.
#[test]
fn a_flood_of_cancellations_closes_the_session() {
    let (ends, floods) = run(30, |lab| {
        let server = lab.server("server", ServerPolicy::default(), SimDuration::from_secs(20));
        let hasty = lab.client_of(&[&server], ClientPolicy { deadline: Some(ms(100)), ..ClientPolicy::default() });
        (0..1500).for_each(|n| lab.call_at(&hasty, at_ms(n / 10)));
        let (ends, marks) = (lab.ends(), lab.marks.clone());
        Box::new(move || {
            let floods = marks.borrow().0.iter().filter(|(_, mark)| *mark == Mark::ResetFlood).count();
            (ends(), floods)
        })
    });
    assert_eq!(floods, 1);
    let internal = ends.iter().filter(|(_, code)| *code == Code::Internal).count();
    assert!(internal > 100, "{internal} calls ended as INTERNAL");
}

/// A server whose first call computes for a second, with room for ten messages in its window; a hundred calls come meanwhile.
fn behind_a_long_turn(policy: ClientPolicy, reset_burst: u32) -> (Vec<(u64, Code)>, u32, usize) {
    run(30, move |lab| {
        let handled = Rc::new(std::cell::Cell::new(0u32));
        let count = handled.clone();
        let server_policy =
            ServerPolicy { window: crate::units::Bytes(50), reset_burst, reset_rate: 0, ..ServerPolicy::default() };
        let server = lab.server_with("server", server_policy, move |site, _, _| {
            count.set(count.get() + 1);
            let span = if count.get() == 1 { ms(1000) } else { ms(1) };
            async move {
                site.process.cpu(span).await;
                Ok(Message::empty())
            }
        });
        let client = lab.client_of(&[&server], policy);
        (0..101).for_each(|n| lab.call_at(&client, at_ms(if n == 0 { 0 } else { 50 + n })));
        let (ends, marks) = (lab.ends(), lab.marks.clone());
        Box::new(move || {
            let floods = marks.borrow().0.iter().filter(|(_, mark)| *mark == Mark::ResetFlood).count();
            (ends(), handled.get(), floods)
        })
    })
}

/// Measured beside EXP-19: HEADERS pass where DATA must wait for the window, so the server hears of calls that it never handles.
#[test]
fn a_call_whose_data_could_not_follow_in_time_is_reset_and_not_handled() {
    let hasty = ClientPolicy { deadline: Some(ms(300)), ..ClientPolicy::default() };
    let (ends, handled, floods) = behind_a_long_turn(hasty.clone(), 1000);
    assert!(ends.len() == 101 && ends.iter().all(|(_, code)| *code == Code::DeadlineExceeded), "{ends:?}");
    assert!((8..=11).contains(&handled), "the window lets ten messages through: {handled} were handled");
    assert_eq!(floods, 0);
    let (_, handled, floods) = behind_a_long_turn(hasty, 60);
    assert!(handled <= 11 && floods == 1, "the guard counts the resets of calls without DATA: {handled} {floods}");
}

#[test]
fn data_that_waited_follows_in_order_when_the_window_opens() {
    let (ends, handled, _) = behind_a_long_turn(ClientPolicy::default(), 1000);
    assert_eq!((ends.len(), handled), (101, 101));
    assert!(ends.iter().all(|(_, code)| *code == Code::Ok), "{ends:?}");
}
