//! The answers that are written in Rust, compiled with the workspace.

use gridlock_scenarios::run::Code;
use gridlock_scenarios::stream::StreamCode;
use gridlock_scenarios::stream::code::{MakeFailures, MakeOnce};
use gridlock_sim::grpc::guard::MakeGuard;
use gridlock_sim::grpc::retry::MakeRetry;
use gridlock_sim::kafka::assignor::Own;
use gridlock_sim::kafka::partitioner::MakePartitioner;

use crate::answer::wrong;
use crate::exercise::{Exercise, ExerciseError, Policy};

#[path = "../hot-partition/a-consumer-of-its-own/solution.rs"]
mod a_consumer_of_its_own_solution;
#[path = "../hot-partition/a-consumer-of-its-own/starter.rs"]
mod a_consumer_of_its_own_starter;
#[path = "../hot-partition/a-lane-of-its-own/solution.rs"]
mod a_lane_of_its_own_solution;
#[path = "../hot-partition/a-lane-of-its-own/starter.rs"]
mod a_lane_of_its_own_starter;
#[path = "../consumer-scaling/all-of-them/solution.rs"]
mod all_of_them_solution;
#[path = "../consumer-scaling/all-of-them/starter.rs"]
mod all_of_them_starter;
#[path = "../poison-message/bad-or-late/solution.rs"]
mod bad_or_late_solution;
#[path = "../poison-message/bad-or-late/starter.rs"]
mod bad_or_late_starter;
#[path = "../silent-partition/breaker-without-errors/solution.rs"]
mod breaker_without_errors_solution;
#[path = "../silent-partition/breaker-without-errors/starter.rs"]
mod breaker_without_errors_starter;
#[path = "../slow-dependency/door/solution.rs"]
mod door_solution;
#[path = "../slow-dependency/door/starter.rs"]
mod door_starter;
#[path = "../retry-storm/give-up-together/solution.rs"]
mod give_up_together_solution;
#[path = "../retry-storm/give-up-together/starter.rs"]
mod give_up_together_starter;
#[path = "../late-reader/how-long-to-remember/solution.rs"]
mod how_long_to_remember_solution;
#[path = "../late-reader/how-long-to-remember/starter.rs"]
mod how_long_to_remember_starter;
#[path = "../defence/limit-that-finds-itself/solution.rs"]
mod limit_that_finds_itself_solution;
#[path = "../defence/limit-that-finds-itself/starter.rs"]
mod limit_that_finds_itself_starter;
#[path = "../rolling-deploy/move-little/solution.rs"]
mod move_little_solution;
#[path = "../rolling-deploy/move-little/starter.rs"]
mod move_little_starter;
#[path = "../log/remember-the-offset/solution.rs"]
mod remember_the_offset_solution;
#[path = "../log/remember-the-offset/starter.rs"]
mod remember_the_offset_starter;
#[path = "../cascade/retry-budget/solution.rs"]
mod retry_budget_solution;
#[path = "../cascade/retry-budget/starter.rs"]
mod retry_budget_starter;
#[path = "../deadlines/still-in-time/solution.rs"]
mod still_in_time_solution;
#[path = "../deadlines/still-in-time/starter.rs"]
mod still_in_time_starter;
#[path = "../side-by-side/what-is-left/solution.rs"]
mod what_is_left_solution;
#[path = "../side-by-side/what-is-left/starter.rs"]
mod what_is_left_starter;
#[path = "../article-code/what-the-catch-does/solution.rs"]
mod what_the_catch_does_solution;
#[path = "../article-code/what-the-catch-does/starter.rs"]
mod what_the_catch_does_starter;
#[path = "../duplicates/when-to-write-it-down/solution.rs"]
mod when_to_write_it_down_solution;
#[path = "../duplicates/when-to-write-it-down/starter.rs"]
mod when_to_write_it_down_starter;
#[path = "../rolling-deploy/whose-memory/solution.rs"]
mod whose_memory_solution;
#[path = "../rolling-deploy/whose-memory/starter.rs"]
mod whose_memory_starter;

/// What a file of an exercise has as `policy`.
#[derive(Clone, Copy)]
enum Made {
    Retry(MakeRetry),
    Guard(MakeGuard),
    Partitioner(MakePartitioner),
    Assignor(Own),
    Failures(MakeFailures),
    Once(MakeOnce),
}

/// The policy in a file of an exercise.
fn made(exercise: &str, file: &str) -> Option<Made> {
    Some(match (exercise, file) {
        ("article-code/what-the-catch-does", "starter.rs") => Made::Failures(what_the_catch_does_starter::policy),
        ("article-code/what-the-catch-does", "solution.rs") => Made::Failures(what_the_catch_does_solution::policy),
        ("cascade/retry-budget", "starter.rs") => Made::Retry(retry_budget_starter::policy),
        ("cascade/retry-budget", "solution.rs") => Made::Retry(retry_budget_solution::policy),
        ("consumer-scaling/all-of-them", "starter.rs") => Made::Assignor(Own(all_of_them_starter::policy)),
        ("consumer-scaling/all-of-them", "solution.rs") => Made::Assignor(Own(all_of_them_solution::policy)),
        ("deadlines/still-in-time", "starter.rs") => Made::Guard(still_in_time_starter::policy),
        ("deadlines/still-in-time", "solution.rs") => Made::Guard(still_in_time_solution::policy),
        ("defence/limit-that-finds-itself", "starter.rs") => Made::Guard(limit_that_finds_itself_starter::policy),
        ("defence/limit-that-finds-itself", "solution.rs") => Made::Guard(limit_that_finds_itself_solution::policy),
        ("duplicates/when-to-write-it-down", "starter.rs") => Made::Once(when_to_write_it_down_starter::policy),
        ("duplicates/when-to-write-it-down", "solution.rs") => Made::Once(when_to_write_it_down_solution::policy),
        ("hot-partition/a-consumer-of-its-own", "starter.rs") => {
            Made::Assignor(Own(a_consumer_of_its_own_starter::policy))
        }
        ("hot-partition/a-consumer-of-its-own", "solution.rs") => {
            Made::Assignor(Own(a_consumer_of_its_own_solution::policy))
        }
        ("late-reader/how-long-to-remember", "starter.rs") => Made::Once(how_long_to_remember_starter::policy),
        ("late-reader/how-long-to-remember", "solution.rs") => Made::Once(how_long_to_remember_solution::policy),
        ("hot-partition/a-lane-of-its-own", "starter.rs") => Made::Partitioner(a_lane_of_its_own_starter::policy),
        ("hot-partition/a-lane-of-its-own", "solution.rs") => Made::Partitioner(a_lane_of_its_own_solution::policy),
        ("log/remember-the-offset", "starter.rs") => Made::Once(remember_the_offset_starter::policy),
        ("log/remember-the-offset", "solution.rs") => Made::Once(remember_the_offset_solution::policy),
        ("poison-message/bad-or-late", "starter.rs") => Made::Failures(bad_or_late_starter::policy),
        ("poison-message/bad-or-late", "solution.rs") => Made::Failures(bad_or_late_solution::policy),
        ("retry-storm/give-up-together", "starter.rs") => Made::Retry(give_up_together_starter::policy),
        ("retry-storm/give-up-together", "solution.rs") => Made::Retry(give_up_together_solution::policy),
        ("rolling-deploy/move-little", "starter.rs") => Made::Assignor(Own(move_little_starter::policy)),
        ("rolling-deploy/move-little", "solution.rs") => Made::Assignor(Own(move_little_solution::policy)),
        ("rolling-deploy/whose-memory", "starter.rs") => Made::Once(whose_memory_starter::policy),
        ("rolling-deploy/whose-memory", "solution.rs") => Made::Once(whose_memory_solution::policy),
        ("side-by-side/what-is-left", "starter.rs") => Made::Guard(what_is_left_starter::policy),
        ("side-by-side/what-is-left", "solution.rs") => Made::Guard(what_is_left_solution::policy),
        ("silent-partition/breaker-without-errors", "starter.rs") => {
            Made::Guard(breaker_without_errors_starter::policy)
        }
        ("silent-partition/breaker-without-errors", "solution.rs") => {
            Made::Guard(breaker_without_errors_solution::policy)
        }
        ("slow-dependency/door", "starter.rs") => Made::Guard(door_starter::policy),
        ("slow-dependency/door", "solution.rs") => Made::Guard(door_solution::policy),
        _ => return None,
    })
}

/// The code of an answer, in the place that the exercise names.
pub(crate) fn code(exercise: &Exercise, file: &str) -> Result<Code, ExerciseError> {
    let missing = || wrong(exercise, format!("book/exercises/lib/policies.rs does not compile `{file}`"));
    let stream = StreamCode::default();
    let mut code = Code::default();
    match (exercise.policy.as_ref(), made(&exercise.name, file).ok_or_else(missing)?) {
        (Some(Policy::Retry(client)), Made::Retry(make)) => drop(code.retries.insert(client.clone(), make)),
        (Some(Policy::Guard(client)), Made::Guard(make)) => drop(code.guards.insert(client.clone(), make)),
        (Some(Policy::Partitioner), Made::Partitioner(make)) => {
            code.stream = StreamCode { partitioner: Some(make), ..stream };
        }
        (Some(Policy::Assignor), Made::Assignor(own)) => code.stream = StreamCode { assignor: Some(own), ..stream },
        (Some(Policy::Failures), Made::Failures(make)) => code.stream = StreamCode { failures: Some(make), ..stream },
        (Some(Policy::Once), Made::Once(make)) => code.stream = StreamCode { once: Some(make), ..stream },
        _ => return Err(wrong(exercise, "`policy` and what policies.rs lists differ".into())),
    }
    Ok(code)
}
