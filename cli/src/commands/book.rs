//! `book`: fills the pages from the runs, lets mdBook make HTML of them, and puts the book in its place.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use gridlock_book::{BookError, Desk, Page, Pictures, Readme, Stage, fill, links, lint, preprocess, root_of};

use crate::args::BookArgs;
use crate::lab::Lab;
use crate::term::{Exit, Failure, Term};

pub(crate) fn book(lab: &dyn Lab, args: &BookArgs, term: &mut Term) -> Result<Exit, Failure> {
    if let [word, renderer] = &args.question[..] {
        return Ok(Exit::claimed(word == "supports" && renderer == "html"));
    }
    let here = std::env::current_dir().map_err(Failure::Write)?;
    let root = root_of(&here).map_err(wrong)?;
    let pictures = if args.preprocess { Pictures::Embedded } else { Pictures::Linked };
    let mut desk = Desk::new(root.clone(), pictures, &lab);
    if args.preprocess {
        let book = preprocess(&mut io::stdin().lock(), &mut desk, &mut |_| ()).map_err(wrong)?;
        term.data(&book)?;
        return Ok(Exit::AsClaimed);
    }
    if args.readme {
        return readme(&mut desk, term);
    }
    let pages = Page::read_all(&root).map_err(wrong)?;
    let filled = fill(&pages, &mut desk, &mut |doing| term.progress(doing)).map_err(|error| wrong(error.into()))?;
    term.progress_done();
    let mut sound = read(&pages, &filled, term)?;
    if args.check {
        if !Readme::new(&mut desk, &mut |_| ()).map_err(wrong)?.is_current() {
            sound = false;
            term.remark("README.md does not say what the runs say now: `book --readme` writes its table anew\n")?;
        }
        return Ok(Exit::claimed(sound));
    }
    let out = args.out.clone().unwrap_or_else(|| root.join("target/book"));
    let stage = Stage::new(&root, &filled, &out).map_err(wrong)?;
    term.progress("turning the pages into HTML");
    press(&root, stage.dir())?;
    stage.publish().map_err(wrong)?;
    term.progress_done();
    let index = out.join("index.html");
    term.data(&format!("{}\n", index.display()))?;
    if args.open { open(&index) } else { Ok(Exit::AsClaimed) }
}

/// Fills the table of README.md.
fn readme(desk: &mut Desk, term: &mut Term) -> Result<Exit, Failure> {
    let readme = Readme::new(desk, &mut |doing| term.progress(doing)).map_err(wrong)?;
    term.progress_done();
    if !readme.is_current() {
        readme.write(desk).map_err(wrong)?;
    }
    term.data(if readme.is_current() { "README.md is as it should be\n" } else { "README.md is written anew\n" })?;
    Ok(Exit::AsClaimed)
}

fn wrong(error: BookError) -> Failure {
    Failure::Spec(error.into())
}

/// Says which numbers came from nowhere, and which links are missing; true if there are none.
fn read(pages: &[Page], filled: &[Page], term: &mut Term) -> Result<bool, Failure> {
    let mut sound = true;
    for error in pages.iter().filter_map(|page| lint(page).err()).chain(links(filled).err()) {
        sound = false;
        term.remark(&format!("{}\n", error.render()))?;
    }
    Ok(sound)
}

/// Calls the program that has mdBook in it. It is compiled when it is first needed, not with this one.
fn press(root: &Path, dir: &Path) -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--release", "--package", "gridlock-book", "--features", "html"]);
    command.args(["--bin", "gridlock-press", "--"]).arg(dir).current_dir(root).stdin(Stdio::null());
    let output = command.output().map_err(|why| Failure::Usage(format!("cargo cannot be called: {why}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::Usage(format!("the pages do not become a book: {}", said.trim())))
}

/// Shows a file with whatever the system opens pages with.
fn open(index: &Path) -> Result<Exit, Failure> {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let started =
        Command::new(opener).arg(index).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    started.map(|_| Exit::AsClaimed).map_err(|why| {
        Failure::Usage(format!("`{opener}` cannot open the book ({why}); open {} by hand", index.display()))
    })
}
