use super::*;
use crate::trace::Exit;

#[test]
fn a_refused_connection_fails_in_milliseconds_and_stays_sticky() {
    let ends = run(30, |lab| {
        let nobody = lab.stage.service("server", ProcessSpec::default()); // its host is alive, nothing listens
        let client = lab.client_of(&[&nobody], ClientPolicy::default());
        [0, 500, 2000, 9000].into_iter().for_each(|at| lab.call_at(&client, at_ms(at)));
        Box::new(lab.ends())
    });
    let expected = [0, 500, 2000, 9000];
    assert_eq!(ends.len(), 4);
    for ((at, code), sent) in ends.into_iter().zip(expected) {
        assert_eq!(code, Code::Unavailable);
        assert!(at - sent <= 2, "sent at {sent}, failed at {at}");
    }
}

/// A3: after a long outage the client notices only at its next backoff attempt.
#[test]
fn recovery_waits_for_the_next_backoff_attempt() {
    let ends = run(60, |lab| {
        let server = lab.server("server", ServerPolicy::default(), ms(1));
        server.process.exit(Exit::Stopped);
        let client = lab.client_of(&[&server], ClientPolicy::default());
        let process = server.process.clone();
        lab.stage.sim().call_at(at_ms(17_000), move || process.start()); // nominal attempts at 15.8 and 26.3 s
        (0..60).for_each(|n| lab.call_at(&client, at_ms(n * 500)));
        Box::new(lab.ends())
    });
    let first_ok = ends.iter().find(|(_, code)| *code == Code::Ok).expect("the client comes back").0;
    assert!((18_000..34_000).contains(&first_ok), "first success at {first_ok} ms");
    assert!(ends.iter().filter(|(at, _)| *at < first_ok).all(|(_, code)| *code == Code::Unavailable));
}

#[test]
fn wait_for_ready_queues_instead_of_failing() {
    let ends = run(60, |lab| {
        let server = lab.server("server", ServerPolicy::default(), ms(1));
        server.process.exit(Exit::Stopped);
        let process = server.process.clone();
        lab.stage.sim().call_at(at_ms(4000), move || process.start());
        let patient = ClientPolicy { wait_for_ready: true, ..ClientPolicy::default() };
        lab.call_at(&lab.client_of(&[&server], patient.clone()), at_ms(100));
        let hasty = ClientPolicy { deadline: Some(ms(1000)), ..patient };
        lab.call_at(&lab.client_of(&[&server], hasty), at_ms(100));
        Box::new(lab.ends())
    });
    assert_eq!(ends[0], (1100, Code::DeadlineExceeded));
    assert!(ends[1].1 == Code::Ok && ends[1].0 > 4000, "{ends:?}");
}

#[test]
fn a_crash_in_mid_call_is_news_within_milliseconds() {
    let ends = run(30, |lab| {
        let server = lab.server("server", ServerPolicy::default(), SimDuration::from_secs(20));
        let client = lab.client_of(&[&server], ClientPolicy::default());
        lab.call_at(&client, at_ms(0));
        let process = server.process.clone();
        lab.stage.sim().call_at(at_ms(1000), move || process.exit(Exit::Stopped));
        lab.call_at(&client, at_ms(1500));
        Box::new(lab.ends())
    });
    assert_eq!(ends.len(), 2, "{ends:?}");
    assert!(ends[0].1 == Code::Unavailable && (1000..=1005).contains(&ends[0].0), "{ends:?}");
    assert!(ends[1].1 == Code::Unavailable && (1500..=1505).contains(&ends[1].0), "{ends:?}");
}

#[test]
fn a_vanished_host_is_silence() {
    let ends = run(600, |lab| {
        let server = lab.server("server", ServerPolicy::default(), SimDuration::from_secs(20));
        let client = lab.client_of(&[&server], ClientPolicy::default());
        lab.call_at(&client, at_ms(0));
        let process = server.process.clone();
        lab.stage.sim().call_at(at_ms(1000), move || process.exit(Exit::HostLost));
        Box::new(lab.ends())
    });
    assert_eq!(ends, [], "nobody tells the client");
}

/// EXP-4: nothing shows while a cut lasts; the reply comes at the *server's* next retransmission after it has healed.
#[test]
fn a_silent_cut_shows_nothing_and_the_reply_comes_with_the_servers_next_rto() {
    let ends = run(200, |lab| {
        let server = lab.server("server", ServerPolicy::default(), ms(2000));
        let client = lab.client_of(&[&server], ClientPolicy::default());
        lab.call_at(&client, at_ms(0));
        let (net, from, to) = (lab.stage.net().clone(), lab.client.host, server.host);
        for (at, cut) in [(1000, true), (76_000, false)] {
            let net = net.clone();
            lab.stage.sim().call_at(at_ms(at), move || {
                net.cut(from, to, cut);
                net.cut(to, from, cut);
            });
        }
        Box::new(lab.ends())
    });
    let [(at, Code::Ok)] = ends[..] else { panic!("one answer, not {ends:?}") };
    // Reply at 2.0 s, expiries 0.2, 0.6, ... 51.0, 102.2 s later: the first one after 76 s is near 104.2 s.
    assert!((104_000..104_500).contains(&at), "answered at {at} ms");
}

#[test]
fn a_connection_into_a_black_hole_stays_connecting_until_the_syn_budget_is_used_up() {
    let ends = run(200, |lab| {
        let server = lab.server("server", ServerPolicy::default(), ms(1));
        lab.stage.net().cut(lab.client.host, server.host, true);
        let client = lab.client_of(&[&server], ClientPolicy::default());
        lab.call_at(&client, at_ms(0));
        lab.call_at(&client, at_ms(60_000));
        Box::new(lab.ends())
    });
    assert_eq!(ends.len(), 2);
    assert!(ends.iter().all(|&(at, code)| code == Code::Unavailable && (130_000..136_000).contains(&at)), "{ends:?}");
}

/// A62: every address has failed once, though never at the same instant, so the channel fails fast.
#[test]
fn two_black_holes_end_in_transient_failure() {
    for balancing in [policy::Balancing::PickFirst, policy::Balancing::RoundRobin] {
        let ends = run(400, move |lab| {
            let servers = ["server-0", "server-1"].map(|name| lab.server(name, ServerPolicy::default(), ms(1)));
            for server in &servers {
                lab.stage.net().cut(lab.client.host, server.host, true);
            }
            let policy = ClientPolicy { balancing, ..ClientPolicy::default() };
            let client = lab.client_of(&[&servers[0], &servers[1]], policy);
            [0, 200_000, 300_000].into_iter().for_each(|at| lab.call_at(&client, at_ms(at)));
            Box::new(lab.ends())
        });
        assert_eq!(ends.len(), 3, "{balancing:?}: {ends:?}");
        assert!(ends.iter().all(|(_, code)| *code == Code::Unavailable));
        assert!((131_000..132_000).contains(&ends[0].0), "{balancing:?}: {ends:?}");
        assert!(ends[1].0 <= 200_002 && ends[2].0 <= 300_002, "{balancing:?} fails fast: {ends:?}");
    }
}

/// A connection that died while nobody called is found by the ping that comes with the next call.
#[test]
fn a_ping_that_waited_for_a_call_is_sent_with_it() {
    let ends = run(60, |lab| {
        let server = lab.server("server", ServerPolicy::default(), ms(1));
        let keepalive = policy::KeepalivePolicy { time: ms(10_000), timeout: ms(1000), without_calls: false };
        let client = lab.client_of(&[&server], ClientPolicy { keepalive: Some(keepalive), ..ClientPolicy::default() });
        [0, 35_000].into_iter().for_each(|at| lab.call_at(&client, at_ms(at)));
        let process = server.process.clone();
        lab.stage.sim().call_at(at_ms(20_000), move || process.pause());
        Box::new(lab.ends())
    });
    assert_eq!(ends[0].1, Code::Ok);
    assert!(ends[1].1 == Code::Unavailable && (36_000..36_005).contains(&ends[1].0), "{ends:?}");
}

/// EXP-2: keepalive 1 s / 1 s against a stopped process: bound = time + timeout.
#[test]
fn keepalive_finds_a_stopped_server() {
    let ends = run(60, |lab| {
        let server = lab.server("server", ServerPolicy::default(), SimDuration::from_secs(30));
        let keepalive = policy::KeepalivePolicy { time: ms(1000), timeout: ms(1000), without_calls: false };
        let client = lab.client_of(&[&server], ClientPolicy { keepalive: Some(keepalive), ..ClientPolicy::default() });
        lab.call_at(&client, at_ms(0));
        let process = server.process.clone();
        lab.stage.sim().call_at(at_ms(5300), move || process.pause());
        Box::new(lab.ends())
    });
    let [(at, Code::Unavailable)] = ends[..] else { panic!("one failure, not {ends:?}") };
    assert!((6300..=7310).contains(&at), "noticed at {at} ms");
}

/// A7: a listener that accepts and never sends SETTINGS hangs the channel without limit.
#[test]
fn a_stopped_process_accepts_and_hangs() {
    let ends = run(600, |lab| {
        let server = lab.server("server", ServerPolicy::default(), ms(1));
        server.process.pause();
        lab.call_at(&lab.client_of(&[&server], ClientPolicy::default()), at_ms(0));
        Box::new(lab.ends())
    });
    assert_eq!(ends, []);
}

#[test]
fn pick_first_pins_all_calls_to_one_replica_and_round_robin_spreads_them() {
    let busiest = |balancing| {
        run(20, move |lab| {
            let counts: [Rc<std::cell::Cell<u32>>; 2] = Default::default();
            let servers: Vec<Site> = (0..2)
                .map(|n| {
                    let count = counts[n].clone();
                    lab.server_with(&format!("server-{n}"), ServerPolicy::default(), move |_, _, _| {
                        count.set(count.get() + 1);
                        async { Ok(Message::empty()) }
                    })
                })
                .collect();
            let policy = ClientPolicy { balancing, ..ClientPolicy::default() };
            let client = lab.client_of(&[&servers[0], &servers[1]], policy);
            (0..100).for_each(|n| lab.call_at(&client, at_ms(1000 + n * 10)));
            lab.call_at(&client, at_ms(0));
            Box::new(move || counts[0].get().max(counts[1].get()))
        })
    };
    assert_eq!(busiest(policy::Balancing::PickFirst), 101);
    assert!((50..=52).contains(&busiest(policy::Balancing::RoundRobin)));
}

use super::super::policy;
