use super::super::policy::{Backoff, HedgingPolicy, Jitter, RetryLoop, RetryPolicy, RetryThrottling};
use super::*;

fn failing(lab: &Lab) -> Site {
    lab.server_with("server", ServerPolicy::default(), |_, _, _| async {
        Err(Status::new(Code::Unavailable, "out of order"))
    })
}

fn steady(initial: u64) -> Backoff {
    Backoff { initial: ms(initial), jitter: Jitter::None, ..Backoff::default() }
}

/// What is in the log at the end, and how many attempts and retries there were.
type Counts = (Vec<(u64, Code)>, usize, usize);

fn ends_and_counts(lab: &Lab) -> Box<dyn FnOnce() -> Counts> {
    let (ends, marks) = (lab.ends(), lab.marks.clone());
    Box::new(move || {
        let count = |wanted| marks.borrow().0.iter().filter(|(_, mark)| *mark == wanted).count();
        (ends(), count(Mark::Attempt), count(Mark::Retry))
    })
}

#[test]
fn attempts_are_capped_at_five_and_share_one_deadline() {
    let (ends, attempts, _) = run(60, |lab| {
        let retry = RetryPolicy { max_attempts: 9, backoff: steady(100), ..RetryPolicy::default() };
        let client = lab.client_of(&[&failing(lab)], ClientPolicy { retry: Some(retry), ..ClientPolicy::default() });
        lab.call_at(&client, at_ms(0));
        ends_and_counts(lab)
    });
    assert_eq!(attempts, 5);
    let [(at, Code::Unavailable)] = ends[..] else { panic!("{ends:?}") };
    assert!((1500..1520).contains(&at), "100 + 200 + 400 + 800 ms of waits, ended at {at}");

    let (ends, attempts, _) = run(60, |lab| {
        let retry = RetryPolicy { backoff: steady(100), ..RetryPolicy::default() };
        let policy = ClientPolicy { retry: Some(retry), deadline: Some(ms(250)), ..ClientPolicy::default() };
        lab.call_at(&lab.client_of(&[&failing(lab)], policy), at_ms(0));
        ends_and_counts(lab)
    });
    assert_eq!((ends, attempts), (vec![(250, Code::DeadlineExceeded)], 2));
}

#[test]
fn codes_that_are_not_listed_are_not_retried() {
    let (_, attempts, retries) = run(60, |lab| {
        let retry = RetryPolicy { codes: vec![Code::Aborted], ..RetryPolicy::default() };
        let client = lab.client_of(&[&failing(lab)], ClientPolicy { retry: Some(retry), ..ClientPolicy::default() });
        lab.call_at(&client, at_ms(0));
        ends_and_counts(lab)
    });
    assert_eq!((attempts, retries), (1, 0));
}

/// A6: 10 tokens, 0.1 a success. One failure in twelve attempts is always retried, which is a retry for eleven calls;
/// with one in eight the bucket runs dry, and retries all but end.
#[test]
fn the_throttle_sustains_about_a_tenth_of_retries() {
    let percent_when_one_fails_in = |every: u64| {
        let (_, attempts, retries) = run(1100, move |lab| {
            let n = Rc::new(std::cell::Cell::new(0u64));
            let server = lab.server_with("server", ServerPolicy::default(), move |_, _, _| {
                n.set(n.get() + 1);
                let ok = !n.get().is_multiple_of(every);
                async move { if ok { Ok(Message::empty()) } else { Err(Status::new(Code::Unavailable, "no")) } }
            });
            let policy = ClientPolicy {
                retry: Some(RetryPolicy { max_attempts: 2, backoff: steady(1), ..RetryPolicy::default() }),
                throttling: Some(RetryThrottling { max_tokens: 10, token_permille: 100 }),
                ..ClientPolicy::default()
            };
            let client = lab.client_of(&[&server], policy);
            (0..10_000).for_each(|n| lab.call_at(&client, at_ms(n * 100)));
            ends_and_counts(lab)
        });
        retries as f64 * 100.0 / (attempts - retries) as f64
    };
    let (sustained, dry) = (percent_when_one_fails_in(12), percent_when_one_fails_in(8));
    assert!((8.5..=10.0).contains(&sustained), "{sustained} % of calls were retried");
    assert!(dry < 1.0, "{dry} % of calls were retried");
}

#[test]
fn a_loop_gives_every_attempt_a_deadline_of_its_own() {
    let (ends, attempts, retries) = run(60, |lab| {
        let server = lab.server("server", ServerPolicy::default(), SimDuration::from_secs(50));
        let policy = ClientPolicy {
            deadline: Some(ms(500)),
            retry_loop: Some(RetryLoop { attempts: 3, backoff: steady(100), ..RetryLoop::default() }),
            ..ClientPolicy::default()
        };
        lab.call_at(&lab.client_of(&[&server], policy), at_ms(0));
        ends_and_counts(lab)
    });
    assert_eq!((attempts, retries), (3, 2));
    assert_eq!(ends, [(1800, Code::DeadlineExceeded)], "three times 500 ms, waits of 100 and 200 ms");
}

#[test]
fn the_pushback_of_a_server_overrules_the_backoff() {
    let ended = |pushback| {
        run(60, move |lab| {
            let server = lab.server_with("server", ServerPolicy::default(), move |_, _, _| async move {
                Err(Status { pushback, ..Status::new(Code::Unavailable, "later") })
            });
            let retry = RetryPolicy { max_attempts: 2, backoff: steady(100), ..RetryPolicy::default() };
            let client = lab.client_of(&[&server], ClientPolicy { retry: Some(retry), ..ClientPolicy::default() });
            lab.call_at(&client, at_ms(0));
            Box::new(lab.ends())
        })[0]
            .0
    };
    assert!((100..110).contains(&ended(super::super::Pushback::None)));
    assert!((2000..2010).contains(&ended(super::super::Pushback::After(2000))));
    assert!(ended(super::super::Pushback::Stop) < 10);
}

/// Every other call takes 2 s; a copy after 100 ms takes 10 ms.
#[test]
fn hedging_cuts_the_tail() {
    let ends = run(60, |lab| {
        let n = Rc::new(std::cell::Cell::new(0u64));
        let server = lab.server_with("server", ServerPolicy::default(), move |site, _, _| {
            n.set(n.get() + 1);
            let takes = if n.get() % 2 == 1 { 2000 } else { 10 };
            async move {
                site.process.sleep(ms(takes)).await;
                Ok(Message::empty())
            }
        });
        let hedging = HedgingPolicy { max_attempts: 2, delay: ms(100), non_fatal: vec![] };
        let client = lab.client_of(&[&server], ClientPolicy { hedging: Some(hedging), ..ClientPolicy::default() });
        (0..10).for_each(|n| lab.call_at(&client, at_ms(n * 3000)));
        Box::new(lab.ends())
    });
    assert_eq!(ends.len(), 10);
    assert!(ends.iter().enumerate().all(|(n, (at, _))| at - n as u64 * 3000 < 150), "{ends:?}");
}
