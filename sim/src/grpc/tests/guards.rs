use super::super::policy::{AdaptiveThrottling, BreakerPolicy, RetryBudget, RetryLoop};
use super::*;

#[test]
fn an_open_breaker_fails_calls_at_once_and_closes_when_probes_succeed() {
    let ends = run(60, |lab| {
        let server = lab.server_with("server", ServerPolicy::default(), |site, _, _| async move {
            let broken = site.process.sim().now() < at_ms(10_000);
            if broken { Err(Status::new(Code::Unavailable, "broken")) } else { Ok(Message::empty()) }
        });
        let policy = ClientPolicy { breaker: Some(BreakerPolicy::default()), ..ClientPolicy::default() };
        let client = lab.client_of(&[&server], policy);
        (0..300).for_each(|n| lab.call_at(&client, at_ms(n * 50)));
        Box::new(lab.ends())
    });
    let ok_from = ends.iter().find(|(_, code)| *code == Code::Ok).expect("it closes").0;
    assert!((10_000..12_200).contains(&ok_from), "closed at {ok_from} ms");
    assert!(ends.iter().filter(|(at, _)| *at > 12_500).all(|(_, code)| *code == Code::Ok));
}

#[test]
fn a_bulkhead_refuses_the_call_too_many() {
    let ends = run(60, |lab| {
        let server = lab.server("server", ServerPolicy::default(), ms(1000));
        let client = lab.client_of(&[&server], ClientPolicy { bulkhead: Some(3), ..ClientPolicy::default() });
        (0..5).for_each(|_| lab.call_at(&client, at_ms(10)));
        Box::new(lab.ends())
    });
    let refused = ends.iter().filter(|(at, code)| *code == Code::ResourceExhausted && *at == 10).count();
    let served = ends.iter().filter(|(at, code)| *code == Code::Ok && *at >= 1010).count();
    assert_eq!((refused, served), (2, 3), "{ends:?}");
}

#[test]
fn a_budget_keeps_retries_at_its_share() {
    let (attempts, retries) = run(400, |lab| {
        let server = lab.server_with("server", ServerPolicy::default(), |_, _, _| async {
            Err(Status::new(Code::Unavailable, "broken"))
        });
        let policy = ClientPolicy {
            retry_loop: Some(RetryLoop::default()),
            budget: Some(RetryBudget { percent: 10, burst: 10 }),
            ..ClientPolicy::default()
        };
        let client = lab.client_of(&[&server], policy);
        (0..3000).for_each(|n| lab.call_at(&client, at_ms(n * 100)));
        let marks = lab.marks.clone();
        Box::new(move || {
            let count = |wanted| marks.borrow().0.iter().filter(|(_, mark)| *mark == wanted).count();
            (count(Mark::Attempt), count(Mark::Retry))
        })
    });
    assert_eq!(attempts - retries, 3000);
    assert!((290..=311).contains(&retries), "{retries} retries for 3000 calls at 10 %");
}

#[test]
fn a_server_at_its_limit_refuses_and_one_that_is_late_sheds() {
    let limited = run(60, |lab| {
        let policy = ServerPolicy { concurrency_limit: Some(2), ..ServerPolicy::default() };
        let server = lab.server("server", policy, ms(1000));
        let client = lab.client_of(&[&server], ClientPolicy::default());
        (0..3).for_each(|_| lab.call_at(&client, at_ms(0)));
        Box::new(lab.ends())
    });
    assert_eq!(limited.iter().filter(|(_, code)| *code == Code::ResourceExhausted).count(), 1);

    let late = run(60, |lab| {
        let policy = ServerPolicy { shed_after: Some(ms(50)), ..ServerPolicy::default() };
        let server = lab.server_with("server", policy, |site, _, _| async move {
            site.process.cpu(ms(20)).await;
            Ok(Message::empty())
        });
        let client = lab.client_of(&[&server], ClientPolicy::default());
        (0..400).for_each(|n| lab.call_at(&client, at_ms(100 + 10 * n))); // twice what it can do, for four seconds
        lab.call_at(&client, at_ms(9000));
        Box::new(lab.ends())
    });
    let shed = late.iter().filter(|(_, code)| *code == Code::ResourceExhausted).count();
    // Half of them are too many. The lag is measured every 100 ms, so shedding comes in bursts and takes more than it must.
    assert!((200..=300).contains(&shed), "{shed} of 400 shed");
    assert!(late.iter().all(|(at, _)| *at < 5000 || *at > 9000), "the queue stays short: {:?}", late.last());
    assert_eq!(late.last().map(|(_, code)| *code), Some(Code::Ok), "the next quiet call is served");
}

/// SRE book, chapter 21: while nothing is accepted nearly all attempts stay in the client; those that leave find out when it is over.
/// That takes its time: with K = 2 what leaves grows by exp(1.59 t / window), so from one in a window to 50/s some four windows.
#[test]
fn adaptive_throttling_keeps_attempts_back_while_they_are_refused() {
    let (ends, marks) = run(400, |lab| {
        let server = lab.server_with("server", ServerPolicy::default(), |site, _, _| async move {
            let refuses = (at_ms(60_000)..at_ms(120_000)).contains(&site.process.sim().now());
            let full = Status::new(Code::ResourceExhausted, "full");
            if refuses { Err(full) } else { Ok(Message::empty()) }
        });
        let policy = ClientPolicy {
            adaptive_throttling: Some(AdaptiveThrottling { window: SimDuration::from_secs(30), ..Default::default() }),
            retry_loop: Some(RetryLoop::default()),
            ..ClientPolicy::default()
        };
        let client = lab.client_of(&[&server], policy);
        (0..16_500).for_each(|n| lab.call_at(&client, at_ms(n * 20)));
        let (ends, marks) = (lab.ends(), lab.marks.clone());
        Box::new(move || (ends(), std::mem::take(&mut marks.borrow_mut().0)))
    });
    assert_eq!(ends.len(), 16_500);
    let marked = |wanted, from: u64, to: u64| {
        marks.iter().filter(|(at, mark)| *mark == wanted && (from..to).contains(at)).count()
    };
    assert_eq!(marked(Mark::Throttled, 0, 60_000), 0, "a healthy service is not throttled");
    let sent = marked(Mark::Attempt, 95_000, 120_000);
    assert!(sent < 25, "{sent} attempts left in 25 s in which 1250 calls were made");
    assert!(marked(Mark::Throttled, 95_000, 120_000) > 1200);
    let last = ends.iter().filter(|(at, code)| *at > 310_000 && *code != Code::Ok).count();
    assert!(last == 0, "{last} calls failed more than three minutes after the end");
}
