//! Goal: every exercise of the book is one: where a reader starts fails, and the solution passes. Method: both are played as the
//! command plays an answer, all of them side by side, with the first of its seeds; `exercise --verify` plays them with all.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gridlock_exercises::{Answer, Exercise, ExerciseError, Finding, Kind, answers, judge};
use gridlock_scenarios::run::Code;
use gridlock_scenarios::stream::StreamCode;
use gridlock_scenarios::stream::code::{Failure, Failures, Next};
use gridlock_sim::engine::{SimDuration, SimTime, Stream};
use gridlock_sim::grpc::guard::{Guard, MakeGuard};
use gridlock_sim::grpc::policy::{Backoff, RetryLoop};
use gridlock_sim::grpc::retry::{Attempt, Retry};
use gridlock_sim::kafka::assignor::{Assignor, Own};
use gridlock_sim::kafka::partitioner::{Partitioner, keyed};
use gridlock_sim::trace::Code as StatusCode;
use gridlock_tests::catalogue::Story;
use gridlock_tests::command::gridlock;
use gridlock_tests::tree;

fn exercises() -> Vec<Exercise> {
    Exercise::read_all(tree::root()).unwrap_or_else(|error| panic!("{error:?}"))
}

fn findings(exercise: &Exercise, answer: &Answer) -> Vec<Finding> {
    judge(exercise, answer, 1).unwrap_or_else(|error| panic!("{}: {error:?}", exercise.name))
}

/// The exercise with one seed: what takes time is playing. A goal that speaks of a share of seeds keeps them all.
fn with_one_seed(exercise: &Exercise) -> Exercise {
    let by_share = exercise.goal.iter().any(|goal| goal.holds_in.is_some());
    Exercise { seeds: if by_share { exercise.seeds } else { 1 }, ..exercise.clone() }
}

/// What is wrong with an exercise.
fn mistakes(exercise: &Exercise) -> Vec<String> {
    let (starter, solution) = match answers(exercise) {
        // Whoever looked for the seeds has played them.
        Ok(_) if exercise.kind() == Kind::Seed => return Vec::new(),
        Ok(answers) => answers,
        Err(error) => return vec![format!("{}: {error}", exercise.name)],
    };
    let mut found = Vec::new();
    let starter = findings(exercise, &starter);
    if starter.iter().all(|finding| finding.met) {
        found.push(format!("{}: the starter reaches the goal: {starter:#?}", exercise.name));
    }
    let unmet: Vec<Finding> = findings(exercise, &solution).into_iter().filter(|finding| !finding.met).collect();
    if !unmet.is_empty() {
        found.push(format!("{}: the solution does not reach the goal: {unmet:#?}", exercise.name));
    }
    found
}

#[test]
fn every_starter_fails_and_every_solution_passes() {
    let exercises: Vec<Exercise> = exercises().iter().map(with_one_seed).collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
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

/// The pages that must ask exercises, by name.
fn chapters() -> BTreeMap<String, String> {
    let pages = |folder: &str| {
        let entries = fs::read_dir(tree::root().join("book/src").join(folder)).expect("the book is there");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap()))
    };
    let page = |name: &str, path: &str| (name.to_owned(), fs::read_to_string(tree::root().join(path)).unwrap());
    let others = [page("sweeps", "book/src/sweeps.md"), page("your-own", "book/src/appendix/your-own.md")];
    pages("scenarios").collect::<Vec<_>>().into_iter().chain(pages("ideas").collect::<Vec<_>>()).chain(others).collect()
}

#[test]
fn every_chapter_asks_two_exercises_at_least_and_all_that_it_has() {
    let (exercises, mut asked) = (exercises(), BTreeMap::<&str, usize>::new());
    let chapters = chapters();
    for exercise in &exercises {
        let text = chapters.get(exercise.chapter()).unwrap_or_else(|| panic!("{} belongs to no page", exercise.name));
        assert!(text.contains(&format!("{{{{exercise {}}}}}", exercise.name)), "no page asks {}", exercise.name);
        *asked.entry(exercise.chapter()).or_default() += 1;
    }
    for chapter in chapters.keys() {
        let count = asked.get(&**chapter).copied().unwrap_or(0);
        assert!(count >= 2, "{chapter} has {count} exercises");
    }
}

#[test]
fn a_quarter_of_the_exercises_are_answered_in_rust() {
    let exercises = exercises();
    let in_rust = exercises.iter().filter(|exercise| exercise.kind() == Kind::Rust).count();
    assert!(in_rust * 4 >= exercises.len(), "{in_rust} of {}", exercises.len());
    for kind in [Kind::Spec, Kind::Seed, Kind::Number, Kind::File] {
        assert!(
            exercises.iter().any(|exercise| exercise.kind() == kind),
            "there is none answered by a {}",
            kind.text()
        );
    }
}

/// The rules keep an answer from taking the question away: no load, no fault, no patience.
#[test]
fn an_answer_that_breaks_the_rules_is_refused_with_advice() {
    let refused = |name: &str, answer: Answer| {
        let exercise = Exercise::read(tree::root(), name).expect("it is there");
        match judge(&exercise, &answer, 1) {
            Err(ExerciseError::Refused { why, help }) => (why, help),
            other => panic!("{name}: {other:?}"),
        }
    };
    let set = |texts: &[&str]| Answer { set: texts.iter().map(ToString::to_string).collect(), ..Answer::default() };
    let (why, help) = refused("cascade/save-the-pages", set(&["fault=[]"]));
    assert!(why.contains("`fault` may not be changed") && help.contains("world.shop.gateway"), "{why}: {help}");
    let (why, _) = refused("cascade/save-the-pages", set(&["world.shop.gateways=1"]));
    assert!(why.contains("may not be changed"), "a longer name is another one: {why}");
    let two = set(&["world.shop.gateway.slots.size=9", "world.shop.gateway.to_order.bulkhead=9"]);
    assert!(refused("cascade/save-the-pages", two).0.contains("2 values are changed, and 1 may be"));
    let (why, _) = refused("hot-partition/hot-and-done", set(&["world.stream.consumers.cpu.constant=1ms"]));
    assert!(why.contains(">= 60ms"), "{why}");
    let (why, help) = refused("log/enough-stock", set(&["duration=1s"]));
    assert!(why.contains("a number") && help.contains("--number"), "{why}: {help}");
    let (_, help) = refused("cascade/retry-budget", Answer { seed: Some(3), ..Answer::default() });
    assert!(help.contains("edit book/exercises/cascade/retry-budget/starter.rs"), "{help}");
}

#[test]
fn a_number_is_told_to_be_too_low_or_too_high_and_not_what_it_is() {
    let number = |text: &str| gridlock(["exercise", "article-code/round-trips", "--number", text]);
    let (low, high, near) = (number("0.1"), number("0.5"), number("0.24"));
    assert_eq!((low.code, low.out.contains("too low")), (1, true), "{low:?}");
    assert_eq!((high.code, high.out.contains("too high")), (1, true), "{high:?}");
    assert_eq!((near.code, near.out.contains("Reached.")), (0, true), "{near:?}");
    assert!(!low.out.contains("0.24"), "{low:?}");
}

#[test]
fn an_answer_that_does_not_fit_is_refused_with_advice() {
    let exercise = Exercise::read(tree::root(), "cascade/save-the-pages").expect("it is there");
    let answer = Answer { set: vec!["world.shop.gateway.slotz.size=9".into()], ..Answer::default() };
    let Err(ExerciseError::Spec(error)) = judge(&exercise, &answer, 1) else { panic!("refused") };
    assert!(error.render().contains("did you mean `slots`?"), "{}", error.render());
    let Err(ExerciseError::Unknown { help, .. }) = Exercise::read(tree::root(), "cascade/save-the-page") else {
        panic!("unknown")
    };
    assert!(help.contains("did you mean `cascade/save-the-pages`?"), "{help}");
}

#[test]
fn the_command_asks_hints_and_judges() {
    let starter = gridlock(["exercise", "slow-dependency/five-hundred"]);
    let told = ["A hundred requests a second", "The goal", "The rules", "seed 1; 0 of 5 seeds", "Not yet"];
    assert_eq!((starter.code, told.map(|text| starter.out.contains(text))), (1, [true; 5]), "{starter:?}");
    let set = "world.chain.last.wait={constant=\"5s\"}";
    let answer = gridlock(["exercise", "slow-dependency/five-hundred", "--set", set]);
    assert_eq!((answer.code, answer.out.contains("Reached.")), (0, true), "{answer:?}");
    let hint = gridlock(["exercise", "slow-dependency/five-hundred", "--hint", "1"]);
    assert_eq!((hint.code, hint.out.contains("Hint 1"), hint.out.contains("Hint 2")), (0, true, false), "{hint:?}");
    let solution = gridlock(["exercise", "slow-dependency/five-hundred", "--solution"]);
    assert_eq!((solution.code, solution.out.contains("five seconds")), (0, true), "{solution:?}");
    let unknown = gridlock(["exercise", "slow-dependency/five-hundret"]);
    assert_eq!((unknown.code, unknown.err.contains("did you mean")), (2, true), "{unknown:?}");
    let list = gridlock(["exercise"]);
    assert!(list.out.contains("cascade/retry-budget") && list.out.contains("sweeps/"), "{list:?}");
    let chapter = gridlock(["exercise", "sweeps"]);
    assert_eq!((chapter.code, chapter.out.contains("cascade/")), (0, false), "{chapter:?}");
    assert!(gridlock(["exercise", "sweep"]).err.contains("did you mean `sweeps`?"));
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

/// A bulkhead, written in Rust.
struct Places(u64);

impl Guard for Places {
    fn admit(&mut self, _now: SimTime, in_flight: u64) -> bool {
        in_flight < self.0
    }
    fn ended(&mut self, _now: SimTime, _took: SimDuration, _code: StatusCode) {}
}

/// The client library's partitioner, written in Rust.
struct Hashed;

impl Partitioner for Hashed {
    fn partition(&mut self, key: Option<&[u8]>, partitions: u32) -> u32 {
        keyed(key.expect("all events have keys"), partitions)
    }
}

/// What a setting says and what the same in Rust decides is one history: the seams change nothing by themselves.
#[test]
fn guards_partitioners_and_assignors_in_rust_tell_the_history_of_the_same_as_data() {
    let story = Story::new("cascade", "grpc");
    let code =
        Code { guards: [("gateway->order".into(), (|| Box::new(Places(64))) as MakeGuard)].into(), ..Code::default() };
    let set = "world.shop.gateway.to_order.bulkhead=64";
    let as_data = story.play_code(&Code::default(), &["duration=75s", set]).report.digest;
    assert_eq!(story.play_code(&code, &["duration=75s"]).report.digest, as_data);
    let story = Story::new("consumer-scaling", "four-partitions-four-consumers");
    let own = Own(|members, topics| Assignor::KafkaJs.assign(members, topics));
    let stream = StreamCode { partitioner: Some(|| Box::new(Hashed)), assignor: Some(own), ..StreamCode::default() };
    let code = Code { stream, ..Code::default() };
    let plain = story.play_code(&Code::default(), &["duration=40s"]).report.digest;
    assert_eq!(story.play_code(&code, &["duration=40s"]).report.digest, plain);
}

/// A dead letter queue, written in Rust.
struct Parks;

impl Failures for Parks {
    fn failed(&mut self, _failure: &Failure) -> Next {
        Next::Park
    }
}

#[test]
fn what_becomes_of_a_failure_in_rust_tells_the_history_of_the_same_as_data() {
    let story = Story::new("poison-message", "dead-letter");
    let stream = StreamCode { failures: Some(|| Box::new(Parks)), ..StreamCode::default() };
    let code = Code { stream, ..Code::default() };
    let plain = story.play_code(&Code::default(), &["duration=60s"]).report.digest;
    assert_eq!(story.play_code(&code, &["duration=60s"]).report.digest, plain);
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
