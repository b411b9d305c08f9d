//! The book's crate: fills what a run says into the pages, and finds numbers that no run said.
//!
//! The pages are the Markdown files in `book/src`; `SUMMARY.md` lists them. What stands in double braces, or in a fence of a kind of
//! ours, is a directive: [`fill`] puts in a scenario's card, a metric with its unit, a figure, a piece of the compiled source, a
//! table of claims, a question. [`lint`] reads the prose and refuses numbers that came from nowhere. CONTRIBUTING.md tells writers how.
//!
//! [`links`] reads the filled pages. Turning them into HTML is mdBook's business: see `press.rs`, a program of its own, so that who only
//! runs scenarios does not compile mdBook.
//!
//! **Never here:** model logic, a number that no run gave, or a verdict.

mod ask;
mod calc;
mod desk;
mod directive;
mod draw;
mod fill;
mod form;
mod html;
mod links;
mod lint;
mod markup;
mod pages;
mod pieces;
mod plain;
mod protocol;
mod readme;
mod sources;
mod stage;

pub use self::desk::{Asked, Desk, Draw, Pictures};
pub use self::fill::fill;
pub use self::links::links;
pub use self::lint::lint;
pub use self::pages::{BookError, Page, root_of};
pub use self::plain::plain;
pub use self::protocol::preprocess;
pub use self::readme::Readme;
pub use self::stage::Stage;
