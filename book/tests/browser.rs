//! Goal: every page of the finished book, opened from disk, asks nothing of the network and complains of nothing, in light and in dark.
//! Method: headless Chromium opens each page of `target/book`, behind a proxy that counts who asks and gives nobody anything; its log
//! tells what pages write to the console. Not part of `cargo test`: it needs a book that was built, a browser, and minutes.
//!
//! ```sh
//! cargo lab book && cargo test -p gridlock-book --test browser -- --ignored
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Names of the browser.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// What keeps the browser itself from the network, and from asking questions.
const QUIET: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
];
/// The system's choice of colours, as Blink counts it.
const THEMES: [(&str, &str); 2] = [("light", "1"), ("dark", "0")];

/// A browser that may not reach anything.
struct Browser {
    name: &'static str,
    proxy: u16,
    /// Hosts that it asks by itself, whatever it shows.
    own: BTreeSet<String>,
}

/// What went wrong on a page.
#[derive(Debug, Default, PartialEq, Eq)]
struct Complaints {
    console: Vec<String>,
    network: Vec<String>,
}

#[test]
#[ignore = "needs a browser, and a book in target/book"]
fn pages_ask_nothing_of_the_network_and_complain_of_nothing() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/book");
    let Some(name) = BROWSERS.into_iter().find(|name| answers(name)) else { return skipped("there is no Chromium") };
    let Ok(book) = book.canonicalize() else { return skipped("there is no target/book: `cargo lab book` makes one") };
    let asked = Mutex::new(Vec::new());
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port for the proxy");
    let proxy = listener.local_addr().expect("it is bound").port();
    std::thread::scope(|scope| {
        scope.spawn(|| refuse(&listener, &asked));
        let mut browser = Browser { name, proxy, own: BTreeSet::new() };
        let told = std::panic::catch_unwind(AssertUnwindSafe(|| {
            browser.learn(&asked);
            browser.read(&book, &asked);
        }));
        end(proxy);
        told.unwrap_or_else(|why| std::panic::resume_unwind(why));
    });
}

impl Browser {
    /// Notes whom the browser asks when it shows nothing: for its updates, say.
    fn learn(&mut self, asked: &Mutex<Vec<String>>) {
        let empty = page("<p>");
        for _ in 0..2 {
            self.own.extend(self.open(empty.path(), "1", asked).network.iter().map(|line| host(line).to_owned()));
        }
    }

    /// A page that does both is noticed, and then none of the book does either.
    fn read(&self, book: &Path, asked: &Mutex<Vec<String>>) {
        let bad = page("<script>console.error('not well')</script><img src='http://gridlock.invalid/x.png'>");
        let told = self.open(bad.path(), "1", asked);
        assert!(told.console.iter().any(|line| line.contains("not well")), "the console is not heard: {told:?}");
        assert!(told.network.iter().any(|line| line.contains("gridlock.invalid")), "the network is not: {told:?}");
        let pages = html(book);
        assert!(pages.len() > 20, "this is no book of ours: {pages:?}");
        let mut wrong = Vec::new();
        for page in &pages {
            for (theme, scheme) in THEMES {
                let told = self.open(page, scheme, asked);
                if told != Complaints::default() {
                    wrong.push(format!("{} in {theme}: {told:#?}", page.display()));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn open(&self, page: &Path, scheme: &str, asked: &Mutex<Vec<String>>) -> Complaints {
        let profile = tempfile::tempdir().expect("a directory for the browser");
        let mut command = Command::new(self.name);
        command.args(QUIET).arg(format!("--user-data-dir={}", profile.path().display()));
        command.arg(format!("--proxy-server=http://127.0.0.1:{}", self.proxy));
        command.arg(format!("--blink-settings=preferredColorScheme={scheme}"));
        command.args(["--proxy-bypass-list=<-loopback>", "--dump-dom"]).arg(format!("file://{}", page.display()));
        let output = command.stdin(Stdio::null()).output().expect("the browser starts");
        let page = String::from_utf8_lossy(&output.stdout);
        assert!(page.contains("<html"), "the browser shows nothing: {}", String::from_utf8_lossy(&output.stderr));
        let log = String::from_utf8_lossy(&output.stderr);
        let mut network = std::mem::take(&mut *asked.lock().expect("nobody died with it"));
        network.retain(|line| !self.own.contains(host(line)));
        let console = log.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect();
        Complaints { console, network }
    }
}

/// A page of our own, removed when dropped.
fn page(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".html").tempfile().expect("a page of our own");
    fs::write(file.path(), text).expect("it can be written");
    file
}

/// Whom a request to a proxy is for: `GET http://host/path HTTP/1.1`, `CONNECT host:443 HTTP/1.1`.
fn host(line: &str) -> &str {
    let target = line.split(' ').nth(1).unwrap_or(line);
    let target = target.split_once("://").map_or(target, |(_, rest)| rest);
    target.split(['/', ':']).next().unwrap_or(target)
}

/// Whether there is such a program.
fn answers(name: &str) -> bool {
    let mut command = Command::new(name);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[expect(clippy::print_stderr, reason = "whoever asked for this test should know that it showed nothing")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// A proxy that notes the first line of each request and refuses it, until somebody says `END`.
fn refuse(listener: &TcpListener, asked: &Mutex<Vec<String>>) {
    for stream in listener.incoming().flatten() {
        let mut line = String::new();
        if BufReader::new(&stream).read_line(&mut line).is_err() || line.trim().is_empty() {
            continue;
        }
        if line.trim() == "END" {
            return;
        }
        asked.lock().expect("nobody died with it").push(line.trim().to_owned());
        // Who has gone already needs no answer.
        let _ = (&stream).write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}

fn end(proxy: u16) {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", proxy)).expect("the proxy is there");
    stream.write_all(b"END\n").expect("it listens");
}

/// Every page below a directory, in order.
fn html(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(dir).expect("a directory").flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(html(&path));
        } else if path.extension().is_some_and(|end| end == "html") {
            found.push(path);
        }
    }
    found.sort();
    found
}
