//! The exercises of the book. Each lies in `<chapter>/<name>/` beside this directory: `exercise.toml` says what is asked, where a reader starts,
//! and one solution; files beside it are named there. A chapter is the name of a page.
//!
//! An answer is a change of the specification, a seed, a number, a scenario file with claims, or a policy in Rust. It is [judged](judge) by
//! playing it with several seeds: a goal is a condition on what was measured, never on how the answer looks. What an answer may change is
//! bounded, so that the goal cannot be reached by taking the question away. A test holds every starter to fail and every solution to
//! pass.
//!
//! | where | what |
//! |---|---|
//! | `exercise`, `manifest` | what `exercise.toml` says, and must say |
//! | `rules` | which answers are answers |
//! | `answer` | plays them |
//! | `goal`, `number` | compares what was measured with what was asked for |
//! | `policies` | the answers in Rust |
//!
//! **Never here:** an outcome, or a number that a run did not give.

mod answer;
mod exercise;
mod goal;
mod manifest;
mod number;
mod policies;
mod rules;

pub use self::answer::{Finding, answers, first_seed, judge};
pub use self::exercise::{Answer, Exercise, ExerciseError, Goal, Kind, Number, Policy, Unit};
