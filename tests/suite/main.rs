//! The behaviour of Gridlock as a whole. Each module says in its first lines what it shows and how.

mod book;
mod catalogue;
mod checkers;
mod command;
mod constants;
mod customers;
mod determinism;
mod exercises;
mod growth;
mod mistakes;
mod outcomes;
mod sweep;
mod theory;
mod workspace;
