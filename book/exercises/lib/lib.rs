//! The exercises of the book. Each lies in `<scenario>/<name>/` beside this directory: `exercise.toml` says what is asked, where a reader starts,
//! and one solution; files beside it are named there.
//!
//! An answer is a change of the specification, a seed, a scenario file with claims, or a policy in Rust. It is [judged](judge) by playing
//! it: a goal is a condition on what was measured, never on how the answer looks. A test holds every starter to fail and every solution
//! to pass.
//!
//! **Never here:** an outcome, or a number that a run did not give.

mod answer;
mod exercise;
mod goal;
mod policies;

pub use self::answer::{Finding, judge};
pub use self::exercise::{Answer, Exercise, ExerciseError, Goal};
