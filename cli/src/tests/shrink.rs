//! Where the file of a shrunk run goes, and what is said about it.

use std::fs;

use super::{FakeLab, say, say_with};
use crate::{Exit, Style};

#[test]
fn without_a_place_the_file_is_the_data() {
    let said = say("shrink cascade --variant grpc");
    assert_eq!(said.exit, Exit::AsClaimed);
    assert!(said.out.starts_with("# A 3.1 s slowdown") && said.out.ends_with("title = \"t\"\n"), "{}", said.out);
    assert!(
        said.err.contains("a 3.1 s slowdown of inventory at 60 s is enough") && said.err.contains("17 runs tried;")
    );
}

#[test]
fn with_a_place_the_story_is_the_data() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/least.toml");
    let said = say(&format!("shrink cascade --variant grpc --budget 17 --out {}", path.display()));
    assert_eq!((said.exit, said.err.as_str()), (Exit::AsClaimed, ""));
    assert!(said.out.contains("the budget is spent") && said.out.contains("gridlock run "), "{}", said.out);
    assert!(fs::read_to_string(path).unwrap().starts_with("# A 3.1 s"));
}

#[test]
fn a_wrong_request_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("least.toml");
    assert_eq!(say(&format!("shrink cascaed --out {}", path.display())).exit, Exit::Usage);
    assert!(!path.exists());
    for wrong in ["verdict=broken", "check", "claim="] {
        let said = say(&format!("shrink cascade --keep {wrong}"));
        assert_eq!(said.exit, Exit::Usage);
        assert!(said.err.contains("names no outcome"), "{}", said.err);
    }
}

#[test]
fn chaos_is_verified_seed_by_seed() {
    let said = say_with(&FakeLab::default(), "verify cascade --chaos --seeds 3..7 --jobs 1", Style::default());
    assert!(
        said.out.contains("chaos with seeds 3..7") && said.out.contains("safe, and alive in the end"),
        "{}",
        said.out
    );
    assert!(said.out.contains("safe and alive with all of 4 seeds"), "{}", said.out);
    let said = say("run cascade --variant kafka --chaos");
    assert!(said.out.contains("· chaos ·") && said.out.contains("--seed 1 --chaos"), "{}", said.out);
}
