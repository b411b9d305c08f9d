//! Goal: a sweep gives the same files however it is played: at once, with more jobs, in shards, after it was killed. Method: a
//! small world is swept through the command; files are compared byte for byte. The killed one is a process of its own.

use std::fs;
use std::path::{Path, PathBuf};

use gridlock_tests::command::{Said, gridlock};

const WORLD: &str = r#"
title = "Small"
summary = "Two services and a fault."
duration = "40s"
warmup = "2s"
[world.chain]
services = ["front", "back"]
last = { cpu = { exponential = "8ms" } }
[[workload]]
class = "requests"
arrivals = { poisson = 40 }
patience = "3s"
[[fault]]
at = "10s"
for = "8s"
inject = { slow = { node = "back", factor = 6 } }
[[variant]]
name = "patient"
title = "as it is"
[[variant]]
name = "hasty"
title = "with a deadline"
set = { "world.chain.each.client" = { deadline = "500ms" } }
[[claim]]
id = "most-are-served"
variant = "patient"
metric = "requests.ok_permille.during"
op = ">="
value = 236
because = "it depends on luck, which is what a sweep is for"
"#;

const FILES: [&str; 4] = ["results.jsonl", "results.csv", "summary.json", "sweep.json"];
const SEEDS: [&str; 2] = ["--seeds", "45..61"];

/// A directory with the world in it.
fn world() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("small.toml");
    fs::write(&file, WORLD).expect("the file is written");
    let file = file.display().to_string();
    (dir, file)
}

fn sweep(file: &str, options: &[&str], out: &Path) -> Said {
    let out = out.display().to_string();
    gridlock([&["sweep", file], &SEEDS[..], options, &["--out", &out]].concat())
}

fn read(dir: &Path) -> Vec<Vec<u8>> {
    let read = |name: &&str| fs::read(dir.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    FILES.iter().map(read).collect()
}

fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (read(one), read(other));
    let differ: Vec<_> = (0..FILES.len()).filter(|&n| one[n] != other[n]).map(|n| FILES[n]).collect();
    assert!(differ.is_empty(), "these files differ: {differ:?}");
}

#[test]
fn four_shards_merge_into_the_bytes_of_the_whole() {
    let (dir, file) = world();
    let whole = dir.path().join("whole");
    let grid = ["--grid", "world.chain.last.cpu.exponential=4ms,8ms", "--jobs", "1"];
    let said = sweep(&file, &grid, &whole);
    assert!(said.code <= 1 && said.out.contains("64 runs"), "{said:?}");
    let shard = |nth: usize| -> PathBuf {
        let (part, out) = (format!("{nth}/4"), dir.path().join(nth.to_string()));
        let said = sweep(&file, &[&grid[..2], &["--jobs", "3", "--shard", &part]].concat(), &out);
        assert!(said.code <= 1, "{said:?}");
        out
    };
    let parts: Vec<String> = (0..4).map(shard).map(|path| path.display().to_string()).collect();
    let merged = dir.path().join("merged");
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    let out = merged.display().to_string();
    let told = gridlock([&["merge"], &names[..], &["--out", &out]].concat());
    assert_eq!((told.code, told.err.as_str()), (said.code, ""));
    assert_same(&whole, &merged);
    let figure = |dir: &Path| fs::read(dir.join("bands.svg")).expect("the figure");
    assert!(figure(&whole) == figure(&merged));
}

/// Seeds differ in their verdicts or claims, and records say which: the line of a failure repeats it.
#[test]
fn a_failure_comes_with_the_line_that_repeats_it() {
    let (_dir, file) = world();
    let said = gridlock([&["sweep", &file], &SEEDS[..]].concat());
    assert_eq!(said.code, 1, "luck decides this claim: {}", said.out);
    let line = said.out.lines().find(|line| line.contains("gridlock run")).expect("a line to repeat");
    let words = line.split_whitespace().skip(1);
    let again = gridlock(words);
    assert_eq!(again.code, 1, "{}", again.out);
    assert!(again.out.contains("✗ claim most-are-served"), "{}", again.out);
}

#[cfg(madsim)]
#[test]
fn one_seed_in_fifty_is_played_on_both_engines() {
    let (dir, file) = world();
    let out = dir.path().join("out");
    let said = sweep(&file, &[], &out);
    assert!(said.out.contains("✓ 2 runs were played on madsim too: the same histories."), "{}", said.out);
    let lines = fs::read_to_string(out.join("results.jsonl")).expect("results");
    let compared: Vec<&str> = lines.lines().filter(|line| !line.contains("\"second_digest\":null")).collect();
    assert!(compared.len() == 2 && compared.iter().all(|line| line.contains("\"seed\":50,")), "{compared:?}");
}
