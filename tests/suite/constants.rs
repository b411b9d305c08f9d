//! Goal: no constant of the models is idle. Method: one is changed by a tenth, as a slip of the hand would, in the story that is about it; what
//! a reader is shown of that story, its snapshot, must change. A list of claims that fail comes with it.

use gridlock_scenarios::spec::Override;
use gridlock_scenarios::{Request, play};
use gridlock_tests::catalogue::{outcome, scenario};
use gridlock_tests::snapshot;

/// Scenario, variant, constant, and the constant and a tenth.
type Change = (&'static str, &'static str, &'static str, &'static str);

/// Every kind of model is in it.
const CHANGED: [Change; 16] = [
    ("broker-crash", "acks-all", "world.stream.cluster.server.controller.session_timeout", "9.9s"),
    ("broker-crash", "acks-all", "world.stream.producer.client.retry.initial", "330ms"),
    ("controller-failover", "kraft-controller", "world.stream.cluster.server.controller.quorum.fetch_timeout", "2.2s"),
    (
        "controller-failover",
        "zookeeper-broker",
        "world.stream.cluster.server.controller.zookeeper.session_timeout",
        "19.8s",
    ),
    ("duplicates", "killed", "world.stream.consumers.config.session_timeout", "33s"),
    ("duplicates", "killed", "world.stream.consumers.cpu.constant", "44ms"),
    ("article-code", "kept", "world.stream.link.latency.constant", "550us"),
    ("consumer-outage", "half", "world.stream.consumers.cpu.constant", "55ms"),
    ("rolling-deploy", "eager", "world.stream.consumers.java.heartbeat_interval", "3.3s"),
    ("poison-message", "throw", "world.stream.consumers.client.retry.initial", "330ms"),
    ("late-reader", "outage-outlasts", "world.stream.topic.retention", "33s"),
    ("slow-dependency", "slow", "world.chain.last.wait.constant", "2.2s"),
    ("slow-dependency", "hanging", "world.chain.link.latency.constant", "550us"),
    ("silent-partition", "keepalive-unlucky", "world.chain.each.client.keepalive.time", "8800ms"),
    ("retry-storm", "long-trigger", "world.chain.each.cpu.constant", "11ms"),
    ("flash-sale", "grpc", "world.shop.inventory.cpu.constant", "11ms"),
];

#[test]
fn a_constant_that_is_off_by_a_tenth_is_noticed() {
    let idle: Vec<String> = CHANGED.iter().filter_map(|change| unnoticed(*change)).collect();
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

/// What is wrong with a change that nothing shows. `--nocapture` shows what each did.
#[expect(clippy::print_stdout, reason = "a table for whoever asks for it")]
fn unnoticed((name, variant, key, value): Change) -> Option<String> {
    let (file, set) = (scenario(name), vec![Override::parse(&format!("{key}={value}")).expect("an override")]);
    let request = Request { variants: vec![variant.to_owned()], set, ..Request::plain(name) };
    let played = match play(&file, &request) {
        Ok(played) => played.outcome.variants,
        Err(error) => return Some(format!("{name}/{variant} {key}: {error}")),
    };
    let usual = outcome(name).variants.iter().find(|known| known.name == variant).expect("a variant");
    let rows = file.spec.figure.rows_for(&[&usual.report, &played[0].report], true);
    let (before, after) = (snapshot::text(usual, &rows), snapshot::text(&played[0], &rows));
    let failed: Vec<&str> = played[0].claims.iter().filter(|claim| !claim.holds).map(|claim| &*claim.id).collect();
    let line = after.lines().zip(before.lines()).find(|(after, before)| after != before).map(|(after, _)| after);
    println!("{name}/{variant} {key} = {value}: {} | claims that fail: {failed:?}", line.unwrap_or("nothing"));
    (before == after).then(|| format!("{name}/{variant}: {key} = {value} changes nothing that is shown"))
}
