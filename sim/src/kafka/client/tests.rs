//! Goal: kafkajs' connections as MODEL-REFERENCE.md B4, C0 and C5 describe them. Method: a client against fake brokers, and the
//! times at which things end.

use std::cell::RefCell;
use std::rc::Rc;

use super::connection::Connection;
use super::{ClientConfig, ProducerConfig};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::fake::Lab;
use crate::kafka::protocol::{Request, Response};
use crate::kafka::record::Record;
use crate::kafka::types::{BrokerId, TopicPartition};
use crate::kafka::wire::Endpoint;
use crate::trace::Exit;

/// Times in milliseconds, and what happened then.
type Log<T> = Rc<RefCell<Vec<(u64, T)>>>;
/// How something ended; an error as its text.
type End = Result<(), String>;

fn millis(at: SimTime) -> u64 {
    at.as_nanos() / 1_000_000
}

fn record(value: &str) -> Record {
    Record::new(None, value.as_bytes(), SimTime::ZERO)
}

/// Connects to something and logs how that went.
fn connect_to(lab: &Lab, target: Endpoint) -> Box<dyn FnOnce() -> Vec<(u64, End)>> {
    let log = Log::default();
    let (seen, sim) = (log.clone(), lab.sim().clone());
    let connection = Connection::new(&lab.client, target, &Rc::new(ClientConfig::default()));
    lab.client.process.spawn(async move {
        let result = connection.connect().await;
        seen.borrow_mut().push((millis(sim.now()), result.map_err(|error| error.to_string())));
    });
    Box::new(move || log.take())
}

#[test]
fn a_dead_process_refuses_at_once() {
    let ends = Lab::play(5, |lab| {
        lab.sites[0].process.exit(Exit::Stopped);
        connect_to(lab, lab.book[&BrokerId(1)])
    });
    assert_eq!(ends, [(0, Err("connection error: ECONNREFUSED".into()))]);
}

#[test]
fn a_dead_host_costs_the_connection_timeout_of_one_second() {
    let ends = Lab::play(5, |lab| {
        lab.sites[0].process.exit(Exit::HostLost);
        connect_to(lab, lab.book[&BrokerId(1)])
    });
    assert_eq!(ends, [(1000, Err("connection error: connection timeout".into()))]);
}

/// C0: a frozen broker's kernel accepts; the request is given up at the first check, every 100 ms, after 30 s.
#[test]
fn a_request_to_a_frozen_broker_times_out_after_thirty_seconds_and_keeps_its_connection() {
    let (ends, connected) = Lab::play(40, |lab| {
        lab.sites[0].process.pause();
        let connection = Connection::new(&lab.client, lab.book[&BrokerId(1)], &Rc::new(ClientConfig::default()));
        let log: Log<Option<String>> = Log::default();
        let (seen, sim, used) = (log.clone(), lab.sim().clone(), connection.clone());
        lab.client.process.spawn(async move {
            used.connect().await.expect("the kernel accepts");
            sim.sleep(SimDuration::from_millis(50)).await;
            let result = used.send(Request::ApiVersions, None).await;
            seen.borrow_mut().push((millis(sim.now()), result.err().map(|error| error.to_string())));
        });
        Box::new(move || (log.take(), connection.is_connected()))
    });
    assert_eq!(ends, [(30_100, Some("request timed out".into()))]);
    assert!(connected);
}

#[test]
fn a_crash_rejects_everything_in_flight() {
    let ends = Lab::play(5, |lab| {
        lab.world.borrow_mut().parked_until = SimTime::from_secs(4);
        let (log, sim) = (Log::default(), lab.sim().clone());
        let connection = Connection::new(&lab.client, lab.book[&BrokerId(1)], &Rc::new(ClientConfig::default()));
        let batch = crate::kafka::record::Batch::new(vec![record("a")], None);
        let produce = Request::Produce {
            acks: crate::kafka::types::Acks::All,
            timeout: SimDuration::from_secs(30),
            batches: vec![(TopicPartition::new("t", 0), batch)],
        };
        for request in [produce, Request::ApiVersions] {
            let (seen, connection, sim) = (log.clone(), connection.clone(), sim.clone());
            lab.client.process.spawn(async move {
                connection.connect().await.expect("the broker is up");
                let result = connection.send(request, None).await;
                seen.borrow_mut().push((millis(sim.now()), result.map(|_| ()).map_err(|error| error.to_string())));
            });
        }
        lab.crash_at(SimTime::from_secs(1), 1);
        Box::new(move || log.take())
    });
    assert_eq!(ends.len(), 2, "{ends:?}");
    assert!(ends.iter().all(|(at, end)| *at == 1000 && *end == Err("closed connection".to_string())), "{ends:?}");
}

/// B4: partitions 0 and 2 are healthy, but partition 1 has no leader: nobody learns anything.
#[test]
fn one_partition_without_a_leader_rejects_the_whole_refresh() {
    let ends = Lab::play(60, |lab| {
        lab.world.borrow_mut().partitions.get_mut(&TopicPartition::new("t", 1)).expect("exists").leader = None;
        let (log, sim) = (Log::default(), lab.sim().clone());
        let (seen, producer) = (log.clone(), lab.kafka().producer(ProducerConfig::default()));
        lab.client.process.spawn(async move {
            producer.connect().await.expect("brokers are up");
            let result = producer.cluster().add_target_topics(&["t".into()]).await;
            seen.borrow_mut().push((millis(sim.now()), result.map_err(|error| error.to_string())));
        });
        Box::new(move || log.take())
    });
    let [(at, Err(error))] = &ends[..] else { panic!("one failure, not {ends:?}") };
    assert_eq!(error, "retries are used up: the broker answered LeaderNotAvailable");
    assert!((5_000..16_000).contains(at), "six attempts took {at} ms");
}

/// The way of I3: a refresh of metadata waits behind a parked Produce of the same connection.
#[test]
fn a_request_waits_behind_a_parked_produce_of_its_connection() {
    let ends = Lab::play_with(10, 1, SimDuration::from_micros(250), |lab| {
        lab.world.borrow_mut().parked_until = SimTime::from_secs(5);
        let (log, sim) = (Log::default(), lab.sim().clone());
        let producer = lab.kafka().producer(ProducerConfig::default());
        let (seen, sender) = (log.clone(), producer.clone());
        lab.client.process.spawn(async move {
            sender.connect().await.expect("the broker is up");
            let sent = sender.send("t", [record("a")]);
            assert!(sent.await.is_ok());
        });
        lab.client.process.spawn(async move {
            sim.sleep(SimDuration::from_secs(1)).await;
            let refreshed = producer.cluster().refresh_metadata().await;
            seen.borrow_mut().push((millis(sim.now()), refreshed.is_ok()));
        });
        Box::new(move || log.take())
    });
    assert_eq!(ends.len(), 1);
    assert!(ends[0].1 && (5_000..5_010).contains(&ends[0].0), "{ends:?}");
}

#[test]
fn seeds_are_tried_in_turn() {
    let connected = Lab::play(20, |lab| {
        lab.sites[0].process.exit(Exit::Stopped);
        let (log, sim) = (Log::default(), lab.sim().clone());
        let (seen, producer) = (log.clone(), lab.kafka().producer(ProducerConfig::default()));
        lab.client.process.spawn(async move {
            let result = producer.connect().await;
            seen.borrow_mut().push((millis(sim.now()), result.map_err(|error| error.to_string())));
        });
        Box::new(move || log.take())
    });
    assert!(connected[0].1.is_ok() && (240..=362).contains(&connected[0].0), "{connected:?}");
}

#[test]
fn answers_find_their_requests_by_number() {
    let answers = Lab::play(5, |lab| {
        let connection = Connection::new(&lab.client, lab.book[&BrokerId(1)], &Rc::new(ClientConfig::default()));
        let log: Log<&'static str> = Log::default();
        for (nth, request) in [Request::ApiVersions, Request::FindCoordinator("g".into())].into_iter().enumerate() {
            let (seen, connection) = (log.clone(), connection.clone());
            let sim = lab.sim().clone();
            lab.client.process.spawn(async move {
                sim.sleep(SimDuration::from_millis(10 * nth as u64)).await;
                connection.connect().await.expect("the broker is up");
                let what = match connection.send(request, None).await {
                    Ok(Some(Response::ApiVersions)) => "versions",
                    Ok(Some(Response::FindCoordinator(Ok(BrokerId(1))))) => "coordinator",
                    _ => "something else",
                };
                seen.borrow_mut().push((nth as u64, what));
            });
        }
        Box::new(move || log.take())
    });
    assert_eq!(answers, [(0, "versions"), (1, "coordinator")]);
}
