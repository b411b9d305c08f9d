//! Goal: every page is filled from runs, every question has one right answer, and no number comes from nowhere. Method: the pages are
//! filled as the command fills them, with the outcomes that the snapshots look at; then they are read. Wrong pages are refused with a place.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use gridlock::lab::{Catalogue, Lab};
use gridlock_book::{Asked, Desk, Page, Pictures, fill, lint};
use gridlock_scenarios::outcome::Outcome;
use gridlock_scenarios::spec::SpecError;
use gridlock_tests::catalogue::{outcome, scenarios};
use gridlock_tests::tree;

/// Fills pages with the runs that this process has played anyway.
fn filled(pages: &[Page]) -> Result<Vec<Page>, SpecError> {
    let draw = |outcome: &Outcome| Catalogue.figure(outcome);
    let mut desk = Desk::new(tree::root().into(), Pictures::Linked, &draw);
    for name in scenarios().filter(|name| pages.iter().any(|page| page.file.text.contains(name))) {
        desk.give(Asked::whole(name), outcome(name).clone());
    }
    fill(pages, &mut desk, &mut |_| ())
}

fn pages() -> Vec<Page> {
    Page::read_all(tree::root()).expect("the pages are there")
}

/// The book, filled once in this process.
fn book() -> &'static [Page] {
    static BOOK: OnceLock<Vec<Page>> = OnceLock::new();
    BOOK.get_or_init(|| filled(&pages()).unwrap_or_else(|error| panic!("{}", error.render())))
}

#[test]
fn every_directive_is_right_and_every_question_has_one_answer() {
    assert_eq!(book().len(), pages().len());
    for page in book() {
        let left = page.file.text.lines().find(|line| line.contains("{{") && !line.contains('`'));
        assert_eq!(left, None, "{}", page.path);
    }
}

#[test]
fn every_number_comes_from_somewhere() {
    let found: Vec<String> = pages().iter().filter_map(|page| Some(lint(page).err()?.render())).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_summary_lists_every_page_once() {
    let summary = tree::read("book/src/SUMMARY.md".as_ref());
    let links = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned);
    let listed: Vec<String> = links.collect();
    let unique: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(unique.len(), listed.len(), "a page is listed twice");
    let pages = pages();
    assert_eq!(unique, pages.iter().map(|page| &page.path).collect());
}

/// A page with one directive is refused at its place, with these words.
fn refused(text: &str, words: &[&str]) {
    let error = filled(&[Page::new("page.md", &format!("# A page\n\n{text}\n"))]).expect_err(text);
    let told = error.render();
    for word in ["book/src/page.md:3:", "help: "].iter().chain(words) {
        assert!(told.contains(word), "`{word}` is not in\n{told}");
    }
}

#[test]
fn a_wrong_directive_is_pointed_at() {
    refused("{{crad slow-dependency}}", &["no directive `crad`", "did you mean `card`?"]);
    refused("{{card slow-dependancy}}", &["no scenario", "did you mean `slow-dependency`?"]);
    refused("{{value slow-dependency/slwo requests.ok}}", &["no variant `slwo`", "`slow`"]);
    refused("{{value slow-dependency/slow requests.okk}}", &["no metric `requests.okk`", "`requests.ok`"]);
    refused("{{value slow-dependency/slow requests.ok as second}}", &["no form `second`"]);
    refused(
        "{{value slow-dependency/slow requests.ok --set world.chain.eahc.cpu=1}}",
        &["eahc", "did you mean `each`?"],
    );
    refused("{{spec slow-dependency world.chain.servces}}", &["servces", "did you mean `services`?"]);
    refused("{{code scenarios/src/shop/services.rs#no-such}}", &["no anchor `no-such`"]);
    refused("{{code scenarios/src/shop/sevices.rs#x}}", &["no file"]);
    refused("{{code /etc/passwd#x}}", &["is not compiled"]);
    refused("{{cited rfc6289 200 ms}}", &["no source `rfc6289`", "did you mean `rfc6298`?"]);
    refused("{{calc slow-dependency/slow 1 + as number}}", &["ends too early"]);
    refused("{{claim slow-dependency/no-such}}", &["no claim `no-such`"]);
}

#[test]
fn a_question_needs_exactly_one_right_answer() {
    let quiz = |first: &str, second: &str| {
        format!(
            "```quiz\nask = \"?\"\nrun = \"slow-dependency/slow\"\n[[answer]]\ntext = \"a\"\nwhen = \"{first}\"\n\
             [[answer]]\ntext = \"b\"\nwhen = \"{second}\"\n```"
        )
    };
    refused(&quiz("requests.ok > 0", "requests.ok >= 0"), &["two answers are right: `a` and `b`"]);
    refused(&quiz("requests.ok < 0", "requests.ok < 0"), &["no answer of this question is right"]);
    refused(&quiz("requests.ok", "requests.ok < 0"), &["is no condition"]);
    let page = Page::new("page.md", &quiz("requests.ok < 0", "requests.ok >= 0"));
    let filled = filled(&[page]).unwrap_or_else(|error| panic!("{}", error.render()));
    assert!(filled[0].file.text.contains("data-right=\"1\""), "{}", filled[0].file.text);
}
