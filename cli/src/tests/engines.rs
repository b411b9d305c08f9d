//! Two engines, one history; and an engine with a mistake is found out. On the real catalogue: the fake has no engines.

use gridlock_sim::engine::Engine;

use super::{FakeLab, say_with};
use crate::commands::cross_check::CrossCheck;
use crate::lab::Catalogue;
use crate::{Exit, Style, run_in};

const SHORT: &str = "duration=50s";

fn check(engines: [Engine; 2], ties: Option<u64>) -> Option<String> {
    let (set, variants) = ([SHORT.to_owned()], ["computing".to_owned()]);
    let check = CrossCheck { engines, scenario: "slow-dependency", set: &set, variants: &variants, chaos: false };
    let told = check.compare(&Catalogue, (3, ties)).expect("it plays");
    assert_eq!(told.len(), 1);
    let mut parted = told.into_iter().find(|told| !told.agree())?;
    parted.place = check.place(&Catalogue, &parted).expect("it plays again");
    Some(check.explain(&parted, "gridlock"))
}

#[test]
fn a_task_that_is_woken_past_the_queue_is_found_out() {
    let told = check([Engine::Native, Engine::Careless], None).expect("two histories");
    assert!(told.contains("native (one) and careless (other) tell two histories of computing"), "{told}");
    assert!(told.contains("event ") && told.contains("one:   {\"at_ns\":"), "{told}");
    assert!(told.contains("gridlock run slow-dependency --variant computing --seed 3"), "{told}");
}

#[test]
fn ties_tell_another_history_and_the_same_one_again() {
    let request = |ties| crate::lab::Request {
        scenario: "slow-dependency".into(),
        variants: vec!["computing".into()],
        set: vec![SHORT.into()],
        options: gridlock_sim::engine::Options { engine: Engine::Native, ties },
        ..Default::default()
    };
    let digest = |ties| {
        let played = crate::lab::Lab::play(&Catalogue, &request(ties), &mut |_| ()).expect("it plays");
        played.outcome.variants[0].report.digest.clone()
    };
    assert_eq!(digest(Some(1)), digest(Some(1)));
    assert_ne!(digest(Some(1)), digest(None), "nothing happened at one instant");
    assert_ne!(digest(Some(1)), digest(Some(2)));
}

#[cfg(madsim)]
#[test]
fn native_and_madsim_tell_the_same_with_ties_drawn_and_not() {
    assert_eq!(check([Engine::Native, Engine::Madsim], None), None);
    assert_eq!(check([Engine::Native, Engine::Madsim], Some(9)), None);
}

#[cfg(madsim)]
#[test]
fn the_command_compares_engines_scenario_by_scenario() {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let line = "gridlock verify retry-storm slow-dependency --engines --ties --seeds 1..2 --set duration=60s";
    let args = line.split(' ').map(Into::into);
    let exit = run_in(&Catalogue, args, &mut out, &mut err, Style::default());
    let out = String::from_utf8(out).expect("text");
    assert_eq!(exit, Exit::AsClaimed, "{}", String::from_utf8_lossy(&err));
    assert!(out.contains("✓ retry-storm: 2 histories of 8 variants agree on native and madsim"), "{out}");
    assert!(out.contains("✓ slow-dependency: 2 histories of 4 variants agree on native and madsim"), "{out}");
}

#[cfg(madsim)]
#[test]
fn engines_that_disagree_are_the_worst_that_can_happen() {
    let lab = FakeLab { forgetful: true, ..FakeLab::default() };
    let said = say_with(&lab, "verify cascade --engines --seeds 0..2 --jobs 1", Style::default());
    assert_eq!(said.exit, Exit::NotDeterministic);
    assert!(said.err.contains("tell two histories of grpc"), "{}", said.err);
}

#[test]
fn an_unknown_engine_is_answered_with_those_there_are() {
    let said = say_with(&FakeLab::default(), "run cascade --engine diesel", Style::default());
    assert_eq!(said.exit, Exit::Usage);
    assert!(said.err.contains("this build has no engine `diesel`; it has native"), "{}", said.err);
}
