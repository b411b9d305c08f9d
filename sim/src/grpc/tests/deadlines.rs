use std::cell::Cell;
use std::rc::Rc;

use super::*;

#[test]
fn without_a_deadline_a_call_waits_for_ever() {
    let ends = run(3600, |lab| {
        let server = lab.server("server", ServerPolicy::default(), SimDuration::from_secs(7200));
        lab.call_at(&lab.client_of(&[&server], ClientPolicy::default()), at_ms(0));
        Box::new(lab.ends())
    });
    assert_eq!(ends, []);
}

#[test]
fn the_handler_runs_on_after_the_deadline() {
    let (ends, handler_ended, was_cancelled) = run(10, |lab| {
        let (ended, cancelled) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (at_end, at_cancel) = (ended.clone(), cancelled.clone());
        let server = lab.server_with("server", ServerPolicy::default(), move |site, call, _| {
            let (ended, cancelled) = (ended.clone(), cancelled.clone());
            let (watcher, sim) = (call.clone(), site.process.sim().clone());
            let now = sim.clone();
            site.process.spawn(async move {
                watcher.cancelled().await;
                cancelled.set(millis(now.now()));
            });
            async move {
                site.process.sleep(ms(3000)).await;
                ended.set(millis(sim.now()));
                Ok(Message::empty())
            }
        });
        let policy = ClientPolicy { deadline: Some(ms(500)), ..ClientPolicy::default() };
        lab.call_at(&lab.client_of(&[&server], policy), at_ms(0));
        let ends = lab.ends();
        Box::new(move || (ends(), at_end.get(), at_cancel.get()))
    });
    assert_eq!(ends, [(500, Code::DeadlineExceeded)]);
    assert!((498..=502).contains(&was_cancelled), "cancelled at {was_cancelled} ms");
    assert!((3000..=3005).contains(&handler_ended), "ended at {handler_ended} ms");
}

/// EXP-18: nine calls with 50 ms expire while the loop computes for 100 ms; all ten handlers run all the same.
#[test]
fn calls_that_expired_in_the_servers_socket_are_still_handled() {
    let (ends, handled) = run(10, |lab| {
        let handled = Rc::new(Cell::new(0));
        let count = handled.clone();
        let server = lab.server_with("server", ServerPolicy::default(), move |site, _, _| {
            count.set(count.get() + 1);
            async move {
                site.process.cpu(ms(100)).await;
                Ok(Message::empty())
            }
        });
        let client = lab.client_of(&[&server], ClientPolicy { deadline: Some(ms(50)), ..ClientPolicy::default() });
        (0..10).for_each(|n| lab.call_at(&client, at_ms(100 + n)));
        let ends = lab.ends();
        Box::new(move || (ends(), handled.get()))
    });
    assert_eq!(handled, 10);
    assert!(ends.iter().all(|(_, code)| *code == Code::DeadlineExceeded), "{ends:?}");
}

/// Deadline and cancellation reach the second hop only when the middle passes its call on (A4).
#[test]
fn deadlines_travel_on_only_when_asked_to() {
    let second_hop_ended = |propagate: bool| {
        run(20, move |lab| {
            let backend = lab.server("backend", ServerPolicy::default(), SimDuration::from_secs(9));
            let middle_log: Log = Rc::default();
            let (log, target) = (middle_log.clone(), (backend.host, PORT));
            let middle = lab.server_with("middle", ServerPolicy::default(), move |site, call, message| {
                let policy = ClientPolicy { propagate, ..ClientPolicy::default() };
                let client = Client::new(&site, "middle->backend", &[target], policy);
                let (log, sim) = (log.clone(), site.process.sim().clone());
                async move {
                    let result = client.call("Work", message, Some(&call)).await;
                    let code = result.as_ref().map_or_else(|s| s.code, |_| Code::Ok);
                    log.borrow_mut().push((millis(sim.now()), code));
                    result
                }
            });
            let policy = ClientPolicy { deadline: Some(ms(1000)), ..ClientPolicy::default() };
            lab.call_at(&lab.client_of(&[&middle], policy), at_ms(0));
            Box::new(move || middle_log.take())
        })
    };
    let [(at, code)] = second_hop_ended(true)[..] else { panic!("one call") };
    assert!((999..1005).contains(&at) && code != Code::Ok, "{at} ms: {code:?}");
    let [(at, code)] = second_hop_ended(false)[..] else { panic!("one call") };
    assert!(at >= 9000 && code == Code::Ok, "{at} ms: {code:?}");
}
