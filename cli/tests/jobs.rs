//! Goal: what the book tells schedulers to run is right, and stays so. Method: the files of `book/examples/sweep/` are run as they stand,
//! with stand-ins for the schedulers and a small world in place of a thousand seeds of `cascade`. What is merged is compared with
//! one sweep, byte for byte. A claim of the world fails: no shard may take that for a crash, and the merge says it.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use yaml_rust2::{Yaml, YamlLoader};

const WORLD: &str = r#"
title = "Small"
summary = "s"
duration = "10s"
[world.chain]
services = ["a", "b"]
[[workload]]
class = "requests"
arrivals = { poisson = 20 }
[[variant]]
name = "plain"
title = "as it is"
[[claim]]
id = "nobody-is-served"
variant = "plain"
metric = "requests.ok"
op = "=="
value = 0
because = "shards whose claims fail are merged too"
"#;

/// `gridlock` with the small world, nine seeds, and a directory for the volume; every other word is kept.
const GRIDLOCK: &str = r#"#!/bin/sh
for word; do
  shift
  case $word in
    cascade) word=$PLACE/small.toml ;;
    0..1000) word=0..9 ;;
    /results/*) word=$PLACE$word ;;
  esac
  set -- "$@" "$word"
done
exec "$BINARY" "$@"
"#;

/// The tasks of an array one after the other, as its `#SBATCH` lines say; then what waits for job 7.
const SBATCH: &str = r#"#!/bin/sh
told() { sed -n "s/^#SBATCH --$1=//p" "$script"; }
case $1 in
  --parsable)
    script=$2
    array=$(told array)
    for index in $(seq "${array%-*}" "${array#*-}"); do
      SLURM_ARRAY_TASK_ID=$index SLURM_CPUS_PER_TASK=$(told cpus-per-task) sh "$script" >&2 || exit
    done
    echo 7 ;;
  --dependency=afterok:7)
    for wrapped; do :; done
    sh -c "$wrapped" ;;
  *) exit 2 ;;
esac
"#;

/// `parallel --jobs N COMMAND ::: INPUT…`, one after the other.
const PARALLEL: &str = r#"#!/bin/sh
[ "$1 $4" = "--jobs :::" ] || exit 2
command=$3
shift 4
for input; do
  sh -c "$(printf %s "$command" | sed "s/{}/$input/g")" || exit
done
"#;

/// A directory with the world, the stand-ins, and what one sweep writes.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Place(tempfile::tempdir().expect("a directory"));
        fs::write(place.path("small.toml"), WORLD).expect("the world is written");
        fs::create_dir(place.path("bin")).expect("a directory for the stand-ins");
        for (name, script) in [("gridlock", GRIDLOCK), ("sbatch", SBATCH), ("parallel", PARALLEL)] {
            let file = place.path("bin").join(name);
            fs::write(&file, script).expect("a stand-in is written");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it can be run");
        }
        let whole = place.run(&["gridlock", "sweep", "cascade", "--seeds", "0..1000", "--out", "expected"], &[]);
        assert_eq!(whole.status.code(), Some(1), "the claim fails: {}", told(&whole));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a command line here, where the stand-ins are found first.
    fn run(&self, line: &[&str], env: &[(&str, &str)]) -> Output {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("env");
        command.arg(format!("PATH={path}")).args(line).current_dir(self.0.path()).envs(env.iter().copied());
        command.env("PLACE", self.0.path()).env("BINARY", env!("CARGO_BIN_EXE_gridlock"));
        command.output().expect("the command starts")
    }

    /// The merge told that the claim fails, and its files are those of one sweep.
    fn assert_merged(&self, merge: &Output, dir: &str) {
        assert_eq!(merge.status.code(), Some(1), "{}", told(merge));
        for name in ["results.jsonl", "results.csv", "summary.json", "sweep.json"] {
            let read =
                |dir: &str| fs::read(self.path(dir).join(name)).unwrap_or_else(|why| panic!("{dir}/{name}: {why}"));
            assert!(read("expected") == read(dir), "{name} differs");
        }
    }
}

fn told(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/examples/sweep").join(name)
}

#[test]
fn the_job_array_of_slurm_is_one_sweep() {
    let place = Place::new();
    for name in ["slurm.sh", "slurm-submit.sh"] {
        fs::copy(example(name), place.path(name)).expect("the script is copied");
    }
    let merge = place.run(&["sh", "slurm-submit.sh"], &[]);
    place.assert_merged(&merge, "whole");
}

#[test]
fn the_shards_of_gnu_parallel_are_one_sweep() {
    let place = Place::new();
    let script = example("parallel.sh").display().to_string();
    let merge = place.run(&["sh", &script], &[]);
    place.assert_merged(&merge, "whole");
}

#[test]
fn the_indexed_job_of_kubernetes_is_one_sweep() {
    let text = fs::read_to_string(example("kubernetes.yaml")).expect("the manifest is there");
    let job = &YamlLoader::load_from_str(&text).expect("the manifest is YAML")[0];
    assert_eq!((job["kind"].as_str(), job["spec"]["completionMode"].as_str()), (Some("Job"), Some("Indexed")));
    let pod = &job["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let mount = &container["volumeMounts"][0];
    assert_eq!((mount["mountPath"].as_str(), &mount["name"]), (Some("/results"), &pod["volumes"][0]["name"]));
    let words = |list: &'_ Yaml| -> Vec<String> {
        list.as_vec().into_iter().flatten().filter_map(Yaml::as_str).map(str::to_owned).collect()
    };
    let line = [words(&container["command"]), words(&container["args"])].concat();
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let place = Place::new();
    let completions = job["spec"]["completions"].as_i64().expect("a number of pods");
    for index in 0..completions {
        let shard = place.run(&line, &[("JOB_COMPLETION_INDEX", &index.to_string())]);
        assert_eq!(shard.status.code(), Some(0), "{}", told(&shard));
    }
    let merge = place.run(&["sh", "-c", "gridlock merge results/part-* --out whole"], &[]);
    place.assert_merged(&merge, "whole");
}
