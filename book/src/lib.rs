//! The book's crate. The pages are the Markdown files beside this one; `SUMMARY.md` lists them.
//!
//! What will stand here is what a page needs of a run: scenario cards, values, figures and tables of claims, filled in from
//! outcomes, with an unknown key as an error. Until then the numbers in the pages are typed from the runs they name.
//!
//! **Never here:** model logic, or a number that no run gave.
