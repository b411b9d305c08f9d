//! Goal: variants and the command line change exactly what they name, and a wrong path is refused at its place.

use super::{TestResolved, TestScenario, TestWorld, VALID, parse, spoil};
use crate::spec::{Arrivals, Override, Rate, SpecError};
use gridlock_sim::engine::SimDuration;

fn resolve_in(text: &str, variant: Option<&str>, overrides: &[&str]) -> Result<TestResolved, SpecError> {
    let scenario: TestScenario = parse(text).unwrap();
    let overrides: Result<Vec<Override>, SpecError> = overrides.iter().map(|text| Override::parse(text)).collect();
    scenario.resolve(variant, &overrides?)
}

fn resolve(overrides: &[&str]) -> TestResolved {
    resolve_in(VALID, None, overrides).unwrap_or_else(|error| panic!("{}", error.render()))
}

#[track_caller]
fn refused(overrides: &[&str]) -> String {
    resolve_in(VALID, None, overrides).expect_err("the override was accepted").render()
}

fn pool_size(resolved: &TestResolved) -> u32 {
    match &resolved.spec.world {
        TestWorld::Shop { order } => order.pool.size,
        TestWorld::Broker { .. } => panic!("not a shop"),
    }
}

#[test]
fn a_variant_sets_and_the_command_line_has_the_last_word() {
    assert_eq!(pool_size(&resolve(&[])), 10);
    let large = resolve_in(VALID, Some("large"), &[]).unwrap();
    assert_eq!((pool_size(&large), large.variant.unwrap().name.get_ref().as_str()), (500, "large"));
    let both = resolve_in(VALID, Some("large"), &["world.shop.order.pool.size=7", "world.shop.order.pool.size = 8"]);
    assert_eq!(pool_size(&both.unwrap()), 8);
}

#[test]
fn elements_are_named_by_number_or_by_name() {
    for path in ["workload.0.arrivals.poisson", "workload.orders.arrivals.poisson"] {
        let resolved = resolve(&[&format!("{path}=12.5")]);
        assert_eq!(resolved.spec.workload[0].arrivals, Arrivals::Poisson(Rate::from_micro_hertz(12_500_000)));
    }
    assert_eq!(resolve(&["fault.0.for=10s"]).spec.fault[0].length, Some(SimDuration::from_secs(10)));
    assert_eq!(resolve(&["claim.orders-fail.value=3"]).spec.claim[0].value, Some(3));
}

#[test]
fn whole_values_can_be_set_and_kinds_changed() {
    let resolved = resolve(&["workload.orders.arrivals={constant=5}", "fault=[]"]);
    assert_eq!(resolved.spec.workload[0].arrivals, Arrivals::Constant(Rate::from_micro_hertz(5_000_000)));
    assert!(resolved.spec.fault.is_empty());
    let resolved = resolve(&["world={broker={partitions=3}}"]);
    assert!(matches!(resolved.spec.world, TestWorld::Broker { partitions: 3 }));
    let text = spoil("\"world.shop.order.pool.size\" = 500", "\"fault\" = []\n\"fault \" = 1");
    assert!(parse(&text).unwrap_err().render().contains("did you mean `fault`?"));
}

#[test]
fn keys_that_only_the_types_know_can_be_set() {
    let resolved =
        resolve(&["world.shop.order.deadline=250ms", "world.shop.order.cache.size=3", "question=Who fails?"]);
    let TestWorld::Shop { order } = &resolved.spec.world else { panic!("not a shop") };
    assert_eq!(order.deadline, Some(SimDuration::from_millis(250)));
    assert_eq!(order.cache.as_ref().map(|cache| cache.size), Some(3));
    assert_eq!(resolved.spec.question.as_deref(), Some("Who fails?"));
    assert_eq!(resolve(&["step=500ms"]).spec.step, SimDuration::from_millis(500));
}

#[test]
fn a_misspelt_path_is_refused_under_its_wrong_part() {
    assert_eq!(
        refused(&["world.shop.ordr.pool.size=500"]),
        "error: unknown key `ordr`\n --> --set:1:12\n  |\n1 | world.shop.ordr.pool.size=500\n  |            ^^^^\n\
         \x20 = help: did you mean `order`?\n"
    );
    assert_eq!(
        refused(&["duraton=90s"]),
        "error: unknown key `duraton`\n --> --set:1:1\n  |\n1 | duraton=90s\n  | ^^^^^^^\n\
         \x20 = help: did you mean `duration`?\n"
    );
    assert!(refused(&["world.shp.order.pool.size=5"]).contains("1:7\n"));
    assert!(refused(&["world.shp.order.pool.size=5"]).contains("did you mean `shop`?"));
    assert!(refused(&["workload.ordrs.patience=1s"]).contains("did you mean `orders`?"));
    assert!(refused(&["fault.3.for=1s"]).contains("`fault` has the elements 0 to 0"));
    assert!(refused(&["duration.x=1"]).contains("`duration` is a string: it has no parts"));
    assert!(refused(&["a..b=1"]).contains("--set:1:3"));
    assert!(refused(&["variant.large.title=x"]).contains("a variant cannot be overridden"));
}

#[test]
fn a_wrong_value_is_refused_under_the_value() {
    assert_eq!(
        refused(&["seed=7", "workload.orders.arrivals.poisson = -5"]),
        "error: the rate -5 is negative\n --> --set:1:36\n  |\n1 | workload.orders.arrivals.poisson = -5\n\
         \x20 |                                    ^^\n  = help: rates start at 0 per second\n"
    );
    assert!(refused(&["fault.0.inject.slow.node=inventroy"]).contains("did you mean `inventory`?"));
    assert!(refused(&["fault.0.inject={slow={node=1"]).contains("this is not valid TOML"));
    assert!(refused(&["duration=ninety"]).contains("`ninety` is not a quantity"));
    assert!(refused(&["world.shop.order.pool.size=0"]).contains("--set:1:28"));
    let second = refused(&["workload.orders.arrivals.constant=5"]);
    assert!(second.contains("`constant` cannot stand beside `poisson`"), "{second}");
    assert!(second.contains("`… = { constant = … }`"), "{second}");
}

#[test]
fn what_an_override_breaks_elsewhere_is_shown_there_with_its_cause() {
    let error = refused(&["duration=1min"]);
    assert!(error.contains("the fault ends at 70 s, but the run ends at 60 s (with --set duration=1min)"), "{error}");
    assert!(error.contains("shop.toml:16:7"), "{error}");
}

#[test]
fn a_wrong_set_of_a_variant_is_refused_when_the_file_is_read() {
    let text = spoil("pool.size\" = 500", "pol.size\" = 500");
    assert_eq!(
        parse(&text).unwrap_err().render(),
        "error: unknown key `pol` (in variant `large`)\n  --> shop.toml:28:19\n   |\n\
         28 | \"world.shop.order.pol.size\" = 500\n   |                   ^^^\n   = help: did you mean `pool`?\n"
    );
    let text = spoil("\"world.shop.order.pool.size\"", "world.shop.order.pool.size");
    let error = parse(&text).unwrap_err().render();
    assert!(error.contains("write the path as one quoted key: \"world.shop.order.pool.size\" = …"), "{error}");
    let text = spoil("\"world.shop.order.pool.size\" = 500", "\"claim\" = []");
    assert!(parse(&text).unwrap_err().render().contains("a variant cannot override `claim`"));
}

#[test]
fn an_override_needs_a_key_and_a_value() {
    let error = |text| Override::parse(text).unwrap_err().to_string();
    assert_eq!(error("duration"), "--set:1:9: the override has no `=`");
    assert_eq!(error("=5"), "--set:1:1: the override names no key");
    assert_eq!(error("seed="), "--set:1:6: the override has no value");
}

#[test]
fn an_unknown_variant_is_refused() {
    let error = resolve_in(VALID, Some("larg"), &[]).unwrap_err();
    assert_eq!(error.to_string(), "shop.toml: the scenario has no variant `larg`");
    assert_eq!(error.problems()[0].help(), Some("did you mean `large`?"));
}
