//! The answers that are written in Rust, compiled with the workspace.

use gridlock_sim::grpc::retry::MakeRetry;

#[path = "../cascade/retry-budget/solution.rs"]
mod cascade_retry_budget_solution;
#[path = "../cascade/retry-budget/starter.rs"]
mod cascade_retry_budget_starter;

/// The policy in a file of an exercise.
pub(crate) fn of(exercise: &str, file: &str) -> Option<MakeRetry> {
    match (exercise, file) {
        ("cascade/retry-budget", "starter.rs") => Some(cascade_retry_budget_starter::policy),
        ("cascade/retry-budget", "solution.rs") => Some(cascade_retry_budget_solution::policy),
        _ => None,
    }
}
