//! Goal: every page is filled from runs, every question has one right answer, and no number comes from nowhere. Method: the pages are
//! filled as the command fills them, with the outcomes that the snapshots look at; then they are read. Wrong pages are refused with a place.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use gridlock::lab::{Catalogue, Lab, Request};
use gridlock_book::{Asked, Desk, Draw, Page, Pictures, Readme, fill, links, lint, preprocess};
use gridlock_exercises::Exercise;
use gridlock_figures::FigureSpec;
use gridlock_scenarios::catalog::load;
use gridlock_scenarios::ledger::{Standing, entry_holds, statements};
use gridlock_scenarios::outcome::Outcome;
use gridlock_scenarios::spec::SpecError;
use gridlock_tests::catalogue::{outcome, scenarios};
use gridlock_tests::command::gridlock;
use gridlock_tests::tree;

/// Fills pages with the runs that this process has played anyway.
fn filled(pages: &[Page]) -> Result<Vec<Page>, SpecError> {
    let lab: &dyn Lab = &Catalogue;
    let mut desk = Desk::new(tree::root().into(), Pictures::Linked, &lab);
    let wants = |name: &str, page: &Page| page.file.text.contains(name) || page.file.text.contains("{{ledger}}");
    for name in scenarios().filter(|name| pages.iter().any(|page| wants(name, page))) {
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
    let exercises = Exercise::read_all(tree::root()).unwrap_or_else(|error| panic!("{error:?}"));
    let text = |each: Exercise| {
        Page::new(&each.name, &format!("{}\n\n{}\n\n{}\n", each.text, each.hints.join("\n\n"), each.why))
    };
    let statements = statements().into_iter().map(|each| Page::new(&each.id, &format!("{}\n", each.finding)));
    let all = pages().into_iter().chain(exercises.into_iter().map(text)).chain(statements);
    let found: Vec<String> = all.filter_map(|page| Some(lint(&page).err()?.render())).collect();
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
    refused("{{code book/examples/sweep/slrum.sh}}", &["no file"]);
    refused("{{code /etc/passwd}}", &["is not compiled"]);
    refused("{{code /etc/passwd#x}}", &["is not compiled"]);
    refused("{{cited rfc6289 200 ms}}", &["no source `rfc6289`", "did you mean `rfc6298`?"]);
    refused("{{calc slow-dependency/slow 1 + as number}}", &["ends too early"]);
    refused("{{claim slow-dependency/no-such}}", &["no claim `no-such`"]);
    refused("{{figure broker-crash#akcs}}", &["no further picture `akcs`", "did you mean `acks`?"]);
    refused("{{figure slow-dependency#acks}}", &["no further picture `acks`", "no `[[figure.extra]]`"]);
    refused("{{figure wire-szie}}", &["no scenario or picture `wire-szie`", "did you mean `wire-size`?"]);
    refused("{{topology slow-dependancy}}", &["did you mean `slow-dependency`?"]);
    refused("{{exercise cascade/retry-budgte}}", &["no exercise", "did you mean `cascade/retry-budget`?"]);
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

#[test]
fn the_readme_says_what_the_runs_say() {
    let lab: &dyn Lab = &Catalogue;
    let mut desk = Desk::new(tree::root().into(), Pictures::Linked, &lab);
    scenarios().for_each(|name| desk.give(Asked::whole(name), outcome(name).clone()));
    let readme = Readme::new(&mut desk, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
    let stale = readme.should.lines().find(|line| !readme.is.contains(*line));
    assert!(readme.is_current(), "README.md is stale, `cargo lab book --readme` writes it anew: {stale:?}");
}

#[test]
fn every_statement_has_a_row_and_links_both_ways() {
    links(book()).unwrap_or_else(|error| panic!("{}", error.render()));
    let ledger = &book().iter().find(|page| page.path == "appendix/claims.md").expect("the page is there").file.text;
    for statement in statements() {
        assert!(ledger.contains(&format!("<tr id=\"{}\">", statement.id)), "{} has no row", statement.id);
    }
}

#[test]
fn a_missing_link_is_pointed_at() {
    let without = |path: &str, link: &str| {
        let cut = |page: &Page| match page.path == path {
            true => Page::new(path, &page.file.text.replace(link, "")),
            false => page.clone(),
        };
        let pages: Vec<Page> = book().iter().map(cut).collect();
        links(&pages).expect_err(link).render()
    };
    let told = without("scenarios/cascade.md", "href=\"../appendix/claims.html#P2\"");
    assert!(told.contains("book/src/scenarios/cascade.md") && told.contains("tests P2"), "{told}");
    let told = without("appendix/claims.md", "href=\"../scenarios/cascade.html#claims\"");
    assert!(told.contains("book/src/appendix/claims.md") && told.contains("P2 does not link"), "{told}");
}

/// Two of the words that the runs give: one statement that pays, one that is refuted.
#[test]
fn verdicts_of_statements_are_computed() {
    let standing = |id: &str, broken: &[&str]| {
        let all = statements();
        let statement = all.iter().find(|statement| statement.id == id).expect("it is there");
        statement.standing(|entry| {
            let (scenario, name) = entry.split_once('/').ok_or_else(|| entry.to_string())?;
            let held = scenarios().find(|known| *known == scenario).and_then(|known| entry_holds(outcome(known), name));
            held.map(|held| held && !broken.contains(&entry)).ok_or_else(|| entry.to_string())
        })
    };
    assert_eq!(standing("P3", &[]), Ok(Standing::Holds));
    assert_eq!(standing("P3", &["slow-dependency/latency-is-passed-on"]), Ok(Standing::Fails));
    assert_eq!(standing("S4", &[]), Ok(Standing::AtAPrice));
    assert_eq!(standing("S4", &["cascade/kafka-makes-orders-wait"]), Ok(Standing::Holds));
    assert_eq!(standing("S8", &[]), Ok(Standing::Fails));
    for statement in statements() {
        assert!(standing(&statement.id, &[]).is_ok(), "{} names what is not there", statement.id);
    }
}

/// Draws the same for everything.
struct Blank;

impl Draw for Blank {
    fn scenario(&self, _: &Outcome) -> Result<Vec<(String, String)>, String> {
        Ok(["", ".acks", ".topology"].map(|suffix| (suffix.into(), "<svg/>".into())).into())
    }

    fn standing(&self) -> Result<Vec<(String, String)>, String> {
        Ok(vec![("wire-size".into(), "<svg/>".into())])
    }
}

#[test]
fn a_stale_picture_is_pointed_at() {
    for (call, file) in [
        ("{{figure broker-crash}}", "broker-crash.svg"),
        ("{{figure broker-crash#acks}}", "broker-crash.acks.svg"),
        ("{{topology broker-crash}}", "broker-crash.topology.svg"),
        ("{{figure wire-size}}", "wire-size.svg"),
    ] {
        let mut desk = Desk::new(tree::root().into(), Pictures::Linked, &Blank);
        desk.give(Asked::whole("broker-crash"), outcome("broker-crash").clone());
        let page = Page::new("page.md", &format!("# A page\n\n{call}\n"));
        let error = fill(&[page], &mut desk, &mut |_| ()).expect_err("something else is drawn now");
        let told = error.render();
        for word in ["book/src/page.md:3:1", &format!("{file} is not what is drawn now"), "cargo lab figures"] {
            assert!(told.contains(word), "`{word}` is not in\n{told}");
        }
    }
}

#[test]
fn a_picture_has_a_text_in_both_themes() {
    let pages = filled(&[Page::new("page.md", "{{figure broker-crash#acks}}\n")]).expect("the picture is committed");
    let text = &pages[0].file.text;
    for theme in ["", ".dark"] {
        let image = format!("src=\"figures/broker-crash.acks{theme}.svg\" alt=\"For each design: orders acknowledged");
        assert!(text.contains(&image), "`{image}` is not in\n{text}");
    }
}

/// mdBook asks whether a renderer is supported, then sends the book, chapters within chapters.
#[test]
fn an_installed_mdbook_finds_its_preprocessor() {
    let config = tree::read("book/book.toml".as_ref());
    let line =
        config.lines().find_map(|line| line.strip_prefix("command = \"cargo lab ")).expect("it is called by cargo");
    let words: Vec<&str> = line.trim_end_matches('"').split(' ').collect();
    let asked = |renderer| gridlock(words.iter().copied().chain(["supports", renderer])).code;
    assert_eq!((asked("html"), asked("epub")), (0, 1));
    let chapter = |content: &str, below: serde_json::Value| serde_json::json!({ "Chapter": { "name": "A", "content": content, "path": "a/b.md", "sub_items": below } });
    let inner = chapter("{{figure slow-dependency}}", serde_json::json!([]));
    let items = serde_json::json!(["Separator", chapter("{{spec cascade duration}}", serde_json::json!([inner]))]);
    let sent = serde_json::json!([{ "renderer": "html" }, { "items": items }]).to_string();
    let lab: &dyn Lab = &Catalogue;
    let mut desk = Desk::new(tree::root().into(), Pictures::Embedded, &lab);
    desk.give(Asked::whole("slow-dependency"), outcome("slow-dependency").clone());
    let answer = preprocess(&mut sent.as_bytes(), &mut desk, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
    let book: serde_json::Value = serde_json::from_str(&answer).expect("it answers in JSON");
    let outer = &book["items"][1]["Chapter"];
    assert!(outer["content"].as_str().is_some_and(|text| text.contains("150\u{a0}s</data>")), "{outer}");
    let inner = outer["sub_items"][0]["Chapter"]["content"].as_str().expect("a text");
    assert!(inner.contains("src=\"data:image/svg+xml,%3Csvg") && !inner.contains("figures/"), "{inner}");
}

#[test]
fn the_example_of_the_book_plays_as_it_claims_and_is_that_of_the_readme() {
    let text = tree::read("book/examples/my-outage.toml".as_ref());
    let plain: Vec<&str> = text.lines().filter(|line| !line.starts_with("# ANCHOR")).collect();
    assert!(tree::read("README.md".as_ref()).contains(plain.join("\n").trim()), "README.md has another example");
    let path = tree::root().join("book/examples/my-outage.toml");
    let scenario = load::<FigureSpec>(&path.to_string_lossy()).unwrap_or_else(|error| panic!("{error:?}"));
    assert!(!scenario.spec.claim.is_empty());
    let request = Request { scenario: path.to_string_lossy().into_owned(), ..Request::default() };
    let played = Catalogue.play(&request, &mut |_| ()).unwrap_or_else(|error| panic!("{error:?}"));
    assert!(
        played.outcome.as_claimed(),
        "{:#?}",
        played.outcome.variants.iter().map(|v| &v.claims).collect::<Vec<_>>()
    );
}
