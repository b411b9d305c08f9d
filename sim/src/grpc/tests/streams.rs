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
