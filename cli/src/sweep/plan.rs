//! Which runs a sweep consists of, in canonical order: settings as they vary, the first key slowest; then seeds; then variants.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use gridlock_scenarios::spec::Luck;
use gridlock_sim::engine::Engine;
use serde::{Deserialize, Serialize};

/// Version of the files of a sweep: of the plan, the records and the summary. A number of its own: it is no contract of `run`.
pub(crate) const SCHEMA: u32 = 1;
/// One seed in so many is played on the second engine too.
pub(crate) const SECOND_EVERY: u64 = 50;
/// Most tasks (seeds times settings) in one sweep: where each lies is kept in memory.
pub(crate) const TASKS_MAX: usize = 1_000_000;
/// Most settings in one sweep: all of them are checked before the first run, and each has its part of the summary.
pub(crate) const POINTS_MAX: usize = 10_000;

/// A sweep. Two sweeps are the same when their plans are equal; how they are cut into shards does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// [`SCHEMA`].
    pub(crate) schema: u32,
    /// What built the command.
    pub(crate) build: String,
    /// Name in the catalogue, or path of the file.
    pub(crate) scenario: String,
    /// Title of the scenario.
    pub(crate) title: String,
    /// Names of the variants, in the order of the file.
    pub(crate) variants: Vec<String>,
    /// What the scenario says of luck, by variant; nothing if it is changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) luck: BTreeMap<String, Luck>,
    /// The seeds; the end is not included.
    pub(crate) seeds: Range<u64>,
    /// Changes to the specification, for every run.
    pub(crate) set: Vec<String>,
    /// Whether faults are drawn from the seeds, in place of those of the file.
    pub(crate) chaos: bool,
    /// What varies beside the seed.
    pub(crate) grid: Vec<Axis>,
    /// The engine that plays some seeds again, if the build has a second one.
    pub(crate) second_engine: Option<String>,
    /// The text of the scenario file.
    pub(crate) source: String,
}

/// A key of the specification and the values that it takes in turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Axis {
    /// The dotted path.
    pub(crate) key: String,
    /// Values as written, in the order given.
    pub(crate) values: Vec<String>,
}

/// What is played at once: all variants with one seed and one setting, since claims compare variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    /// Index of the setting.
    pub(crate) point: usize,
    /// The seed.
    pub(crate) seed: u64,
}

/// One value for each key of the grid.
pub(crate) type Point = BTreeMap<String, String>;

impl Plan {
    /// Number of settings, one if nothing varies.
    pub(crate) fn points(&self) -> usize {
        self.grid.iter().map(|axis| axis.values.len()).product()
    }

    /// Number of seeds.
    pub(crate) fn seed_count(&self) -> usize {
        usize::try_from(self.seeds.end - self.seeds.start).unwrap_or(usize::MAX)
    }

    /// Number of tasks.
    pub(crate) fn tasks(&self) -> usize {
        self.points().saturating_mul(self.seed_count())
    }

    /// The task with this index.
    pub(crate) fn task(&self, index: usize) -> Task {
        let seeds = self.seed_count();
        Task { point: index / seeds, seed: self.seeds.start + (index % seeds) as u64 }
    }

    /// The index of the task with this setting and seed; none if it is not of this sweep.
    pub(crate) fn index(&self, point: &Point, seed: u64) -> Option<usize> {
        if point.len() != self.grid.len() || !self.seeds.contains(&seed) {
            return None;
        }
        let mut index = 0;
        for axis in &self.grid {
            let value = point.get(&axis.key)?;
            index = index * axis.values.len() + axis.values.iter().position(|known| known == value)?;
        }
        Some(index * self.seed_count() + (seed - self.seeds.start) as usize)
    }

    /// The setting with this index.
    pub(crate) fn point(&self, index: usize) -> Point {
        let mut rest = index;
        let mut point = Point::new();
        for axis in self.grid.iter().rev() {
            point.insert(axis.key.clone(), axis.values[rest % axis.values.len()].clone());
            rest /= axis.values.len();
        }
        point
    }

    /// Every change to the specification at a setting: those for every run, then one for each key.
    pub(crate) fn set_at(&self, point: &Point) -> Vec<String> {
        let varied = self.grid.iter().filter_map(|axis| Some(format!("{}={}", axis.key, point.get(&axis.key)?)));
        self.set.iter().cloned().chain(varied).collect()
    }

    /// The engine that plays this seed again, if any.
    pub(crate) fn second_engine(&self, seed: u64) -> Option<Engine> {
        let name = self.second_engine.as_ref().filter(|_| seed.is_multiple_of(SECOND_EVERY))?;
        name.parse().ok()
    }
}

impl FromStr for Axis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || "expected KEY=A,B,…, e.g. `world.shop.order.pool.size=5,10,20`".to_owned();
        let (key, values) = text.split_once('=').ok_or_else(hint)?;
        let (key, values) = (key.trim().to_owned(), parts(values));
        if key.is_empty() || values.iter().any(String::is_empty) {
            return Err(hint());
        }
        match values.iter().enumerate().find(|(index, value)| values[..*index].contains(value)) {
            Some((_, twice)) => Err(format!("`{twice}` is given twice for `{key}`")),
            None => Ok(Axis { key, values }),
        }
    }
}

/// The text between commas. A comma inside of brackets, braces or quotes separates nothing.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut quote) = (vec![String::new()], 0_usize, None);
    for c in text.chars() {
        match c {
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(c),
            '[' | '{' if quote.is_none() => depth += 1,
            ']' | '}' if quote.is_none() => depth = depth.saturating_sub(1),
            ',' if quote.is_none() && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is always a part").push(c);
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}

/// Every `of`-th task, from the `nth` on. Neighbours in the order go to different shards, so that all take about equally long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    nth: usize,
    of: usize,
}

impl Shard {
    /// Everything.
    pub(crate) const WHOLE: Shard = Shard { nth: 0, of: 1 };

    /// The tasks of this shard among `tasks`, in canonical order.
    pub(crate) fn tasks(self, tasks: usize) -> impl Iterator<Item = usize> {
        (self.nth..tasks).step_by(self.of)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.nth, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (nth, of) = text.split_once('/')?;
            Some(Shard { nth: nth.parse().ok()?, of: of.parse().ok()? })
        };
        let within = |shard: &Shard| shard.nth < shard.of && shard.of <= TASKS_MAX;
        parse().filter(within).ok_or_else(|| "expected I/N, counted from 0: `0/4` to `3/4` are four shards".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::tests::plan;

    #[test]
    fn tasks_are_settings_then_seeds_and_know_their_index() {
        let plan = plan(3..6, &["a=1,2", "b=x,y,z"]);
        assert_eq!((plan.points(), plan.tasks()), (6, 18));
        assert_eq!(plan.set_at(&plan.point(0)), ["base=0", "a=1", "b=x"]);
        assert_eq!(plan.set_at(&plan.point(1)), ["base=0", "a=1", "b=y"]);
        assert_eq!(plan.set_at(&plan.point(5)), ["base=0", "a=2", "b=z"]);
        for index in 0..plan.tasks() {
            let task = plan.task(index);
            assert_eq!(plan.index(&plan.point(task.point), task.seed), Some(index));
        }
        assert_eq!(plan.index(&plan.point(0), 6), None, "no seed of this sweep");
        assert_eq!(plan.index(&Point::new(), 3), None, "no setting of this sweep");
    }

    #[test]
    fn without_a_grid_there_is_one_setting() {
        let plan = plan(0..4, &[]);
        assert_eq!((plan.points(), plan.tasks(), plan.point(0)), (1, 4, Point::new()));
    }

    #[test]
    fn values_are_split_at_commas_that_are_not_inside_of_something() {
        let values = |text: &str| text.parse::<Axis>().map(|axis| axis.values);
        assert_eq!(values("a.b=1, 2,3"), Ok(vec!["1".into(), "2".into(), "3".into()]));
        let nested = r#"a={ size = 1, t = "1,5s" }, {}, [1,2], 'x,y'"#;
        assert_eq!(values(nested).unwrap(), [r#"{ size = 1, t = "1,5s" }"#, "{}", "[1,2]", "'x,y'"]);
        for wrong in ["", "a", "a=", "=1", "a=1,,2", "a=1,2,"] {
            assert!(values(wrong).unwrap_err().contains("KEY=A,B"), "{wrong}");
        }
        assert_eq!(values("a=1,2,1"), Err("`1` is given twice for `a`".to_owned()));
    }

    #[test]
    fn shards_share_every_task_among_them() {
        let shards: Vec<Shard> = ["0/3", "1/3", "2/3"].map(|text| text.parse().unwrap()).to_vec();
        let mut all: Vec<usize> = shards.iter().flat_map(|shard| shard.tasks(10)).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(shards[1].tasks(10).collect::<Vec<_>>(), [1, 4, 7]);
        assert_eq!(shards[1].to_string(), "1/3");
        assert_eq!(Shard::WHOLE.tasks(3).count(), 3);
        for wrong in ["", "1", "3/3", "0/0", "a/3", "-1/3", "1/3/4"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn seeds_for_the_second_engine_depend_on_nothing_but_the_seed() {
        let plan = Plan { second_engine: Some("native".into()), ..plan(0..101, &[]) };
        let again: Vec<u64> = (0..101).filter(|seed| plan.second_engine(*seed).is_some()).collect();
        assert_eq!(again, [0, 50, 100]);
        assert_eq!(Plan { second_engine: None, ..plan }.second_engine(0), None);
    }
}
