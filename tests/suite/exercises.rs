//! Goal: every exercise of the book is one: where a reader starts fails, and the solution passes. Method: both are played as the
//! command plays an answer, all of them side by side; none takes longer than a scenario of the catalogue.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gridlock_exercises::{Answer, Exercise, ExerciseError, Finding, judge};
use gridlock_scenarios::catalog::CATALOG;
use gridlock_sim::engine::{SimDuration, SimTime, Stream};
use gridlock_sim::grpc::policy::{Backoff, RetryLoop};
use gridlock_sim::grpc::retry::{Attempt, Retry};
use gridlock_tests::catalogue::Story;
use gridlock_tests::command::gridlock;
use gridlock_tests::tree;

fn exercises() -> Vec<Exercise> {
    Exercise::read_all(tree::root()).unwrap_or_else(|error| panic!("{error:?}"))
}

fn findings(exercise: &Exercise, answer: &Answer) -> Vec<Finding> {
    judge(exercise, answer).unwrap_or_else(|error| panic!("{}: {error:?}", exercise.name))
}

/// What is wrong with an exercise.
fn mistakes(exercise: &Exercise) -> Vec<String> {
    let mut found = Vec::new();
    let starter = findings(exercise, &exercise.starter);
    if starter.iter().all(|finding| finding.met) {
        found.push(format!("{}: the starter reaches the goal: {starter:#?}", exercise.name));
    }
    let unmet: Vec<Finding> =
        findings(exercise, &exercise.solution).into_iter().filter(|finding| !finding.met).collect();
    if !unmet.is_empty() {
        found.push(format!("{}: the solution does not reach the goal: {unmet:#?}", exercise.name));
    }
    found
}

#[test]
fn every_starter_fails_and_every_solution_passes() {
    let (exercises, next, found) = (exercises(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(exercise) = exercises.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mistakes = mistakes(exercise);
            found.lock().expect("no worker panics while it holds this").extend(mistakes);
        }
    };
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(work))));
    let found = found.into_inner().expect("no worker panicked");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_exercise_belongs_to_a_scenario() {
    for exercise in exercises() {
        let (scenario, _) = exercise.name.split_once('/').expect("scenario/name");
        assert!(CATALOG.iter().any(|(name, _)| *name == scenario), "{} belongs to no scenario", exercise.name);
    }
}

#[test]
fn an_answer_that_does_not_fit_is_refused_with_advice() {
    let exercise = Exercise::read(tree::root(), "cascade/save-the-pages").expect("it is there");
    let answer = Answer { set: vec!["world.shop.gateway.slotz.size=9".into()], ..Answer::default() };
    let Err(ExerciseError::Spec(error)) = judge(&exercise, &answer) else { panic!("refused") };
    assert!(error.render().contains("did you mean `slots`?"), "{}", error.render());
    let Err(ExerciseError::Unknown { help, .. }) = Exercise::read(tree::root(), "cascade/save-the-page") else {
        panic!("unknown")
    };
    assert!(help.contains("did you mean `cascade/save-the-pages`?"), "{help}");
}

#[test]
fn the_command_says_whether_the_goal_is_reached() {
    let starter = gridlock(["exercise", "slow-dependency/five-hundred"]);
    assert_eq!((starter.code, starter.out.contains("Not yet.")), (1, true), "{starter:?}");
    let set = "world.chain.last.wait={constant=\"5s\"}";
    let answer = gridlock(["exercise", "slow-dependency/five-hundred", "--set", set]);
    assert_eq!((answer.code, answer.out.contains("Reached.")), (0, true), "{answer:?}");
    let unknown = gridlock(["exercise", "slow-dependency/five-hundret"]);
    assert_eq!((unknown.code, unknown.err.contains("did you mean")), (2, true), "{unknown:?}");
    assert!(gridlock(["exercise"]).out.contains("cascade/retry-budget"), "the list");
}

/// The loop that a policy as data makes, written in Rust.
struct AsData(RetryLoop);

impl Retry for AsData {
    fn called(&mut self, _now: SimTime) {}

    fn failed(&mut self, attempt: &Attempt, draws: &mut Stream) -> Option<SimDuration> {
        let again = attempt.number < self.0.attempts && self.0.codes.contains(&attempt.code);
        // Waits double, and none of three attempts reaches the longest.
        let initial = self.0.backoff.initial * (1 << (attempt.number - 1));
        again.then(|| Backoff { initial, ..self.0.backoff.clone() }.waits().next(draws))
    }
}

#[test]
fn a_policy_in_rust_tells_the_history_of_the_same_policy_as_data() {
    let story = Story::new("retry-storm", "long-trigger");
    let make = || -> Box<dyn Retry> {
        let backoff = Backoff { initial: SimDuration::from_millis(50), ..Backoff::default() };
        Box::new(AsData(RetryLoop { attempts: 3, backoff, ..RetryLoop::default() }))
    };
    let run = story.play_with("front->back", make, &[]);
    assert_eq!(run.report.digest, story.digest());
}

#[test]
fn a_policy_that_never_gives_up_is_stopped() {
    struct Stubborn;
    impl Retry for Stubborn {
        fn called(&mut self, _now: SimTime) {}
        fn failed(&mut self, _attempt: &Attempt, _draws: &mut Stream) -> Option<SimDuration> {
            Some(SimDuration::ZERO)
        }
    }
    let story = Story::new("retry-storm", "long-trigger");
    let run = story.play_with(
        "front->back",
        || Box::new(Stubborn),
        &["fault.0.inject={down={node=\"back\"}}", "duration=60s"],
    );
    let (attempts, offered) = (run.report.total("front->back/attempts"), run.report.classes["requests"].offered);
    assert!(attempts > offered && attempts <= offered * 100, "{attempts} attempts of {offered} requests");
}
