//! Goal: whatever is named as a scenario file, the answer is an error and not a crash. Method: real files in a folder
//! of the test's own.

use std::fs;
use std::path::PathBuf;

use super::{TestScenario, VALID};
use crate::spec::Scenario;

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("gridlock-spec-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn bytes_error(bytes: &[u8]) -> String {
    TestScenario::parse_bytes("shop.toml", bytes).expect_err("the bytes were accepted").render()
}

#[test]
fn a_file_is_read() {
    let folder = folder("read");
    let path = folder.join("shop.toml");
    fs::write(&path, VALID).unwrap();
    let scenario: TestScenario = Scenario::read(&path).unwrap();
    assert_eq!(scenario.spec.title, "A shop");
    assert_eq!(&*scenario.file.name, path.display().to_string());
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_missing_file_is_refused_with_a_similar_name() {
    let folder = folder("missing");
    fs::write(folder.join("headline.toml"), VALID).unwrap();
    let path = folder.join("headlin.toml");
    let error = TestScenario::read(&path).unwrap_err();
    let near = folder.join("headline.toml");
    let (path, near) = (path.display(), near.display());
    assert_eq!(error.render(), format!("error: there is no such file\n --> {path}\n = help: did you mean `{near}`?\n"));
    assert_eq!(error.to_string(), format!("{path}: there is no such file"));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_directory_is_refused() {
    let error = TestScenario::read(&std::env::temp_dir()).unwrap_err();
    assert!(error.render().starts_with("error: this is a directory, not a scenario file\n --> "), "{error}");
}

#[test]
fn a_file_above_one_mebibyte_is_refused() {
    let folder = folder("huge");
    let path = folder.join("huge.toml");
    fs::write(&path, "#".repeat((1 << 20) + 1)).unwrap();
    let error = TestScenario::read(&path).unwrap_err();
    assert_eq!(error.problems()[0].message(), "the file is larger than 1 MiB");
    assert!(bytes_error(&vec![b'#'; 1 << 20]).contains("the scenario is empty"), "1 MiB itself is allowed");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_empty_file_is_refused() {
    for text in ["", "\n", "# a comment\n"] {
        let expected = "error: the scenario is empty\n --> shop.toml:1:1\n";
        assert!(bytes_error(text.as_bytes()).starts_with(expected), "{text:?}");
    }
}

#[test]
fn bytes_that_are_not_text_are_refused_where_they_begin() {
    assert_eq!(
        bytes_error(b"title = \"A\"\nseed = \xff\xfe\x00\n"),
        "error: the file is not text: byte 0xff is not UTF-8\n --> shop.toml:2:8\n  |\n\
         2 | seed = \u{fffd}\u{fffd}\u{fffd}\n  |        ^\n  = help: save it as UTF-8, or name another file\n"
    );
    assert!(bytes_error(b"\x7fELF\x02\x01\x01\x00\x00").contains("shop.toml:1:1"));
}
