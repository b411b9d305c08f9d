//! What a directive may look up: scenarios, runs, sources, files. A run is asked for first and played when all questions are known.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gridlock_figures::FigureSpec;
use gridlock_scenarios::catalog::{CATALOG, load};
use gridlock_scenarios::outcome::{Outcome, VariantOutcome};
use gridlock_scenarios::spec::{Override, Scenario, suggest};
use gridlock_scenarios::world::WorldSpec;
use gridlock_scenarios::{Request, play};

use crate::sources::{self, Sources};

/// A scenario with its figure.
pub(crate) type Story = Scenario<WorldSpec, FigureSpec>;

/// A run, or all runs of a scenario, that a page asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// Name in the catalogue.
    pub scenario: String,
    /// One variant; none for all. Only a run that is changed is asked for alone.
    pub variant: Option<String>,
    /// The seed; none for the scenario's own.
    pub seed: Option<u64>,
    /// Overrides, `key=value`.
    pub set: Vec<String>,
}

/// How figures come into a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// As files in `figures/` beside the pages, which whoever writes the pages must put there.
    Linked,
    /// Within the page, for a renderer that takes nothing but pages.
    Embedded,
}

/// Draws what is committed under `figures/out/`, in the light theme.
pub trait Draw {
    /// The pictures of a scenario's runs: what follows the scenario in the name of each file, such as `.topology`, and its SVG.
    ///
    /// # Errors
    /// With what is wrong with the scenario's `[figure]`.
    fn scenario(&self, outcome: &Outcome) -> Result<Vec<(String, String)>, String>;

    /// Pictures that belong to no scenario: the name of each, and its SVG.
    ///
    /// # Errors
    /// When one cannot be drawn.
    fn standing(&self) -> Result<Vec<(String, String)>, String>;
}

/// Pictures by name.
pub(crate) type Drawn = Rc<BTreeMap<String, String>>;

/// Everything that directives may look up.
pub struct Desk<'a> {
    /// The root of the source tree.
    pub(crate) root: PathBuf,
    pub(crate) pictures: Pictures,
    draw: &'a dyn Draw,
    drawn: RefCell<BTreeMap<String, Drawn>>,
    pub(crate) sources: Sources,
    stories: BTreeMap<&'static str, Story>,
    outcomes: BTreeMap<Asked, Outcome>,
    wanted: RefCell<BTreeSet<Asked>>,
}

/// Why a directive gives nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is wrong: what, and what to do.
    Wrong(String, String),
    /// It needs a run that is not there yet. The desk has noted which.
    NotPlayed,
}

/// A wrong directive.
pub(crate) fn wrong<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Wrong(message.into(), help.into()))
}

impl Asked {
    /// All variants of a scenario as they are.
    pub fn whole(scenario: &str) -> Self {
        Self { scenario: scenario.into(), variant: None, seed: None, set: Vec::new() }
    }
}

impl<'a> Desk<'a> {
    /// A desk for a source tree, without any run.
    ///
    /// # Panics
    /// When the built-in catalogue is wrong.
    pub fn new(root: PathBuf, pictures: Pictures, draw: &'a dyn Draw) -> Self {
        let story = |name: &'static str| (name, load(name).unwrap_or_else(|error| panic!("{name}: {error}")));
        let stories = CATALOG.iter().map(|(name, _)| story(name)).collect();
        let (outcomes, wanted, drawn) = (BTreeMap::new(), RefCell::default(), RefCell::default());
        Self { root, pictures, draw, drawn, sources: sources::built_in(), stories, outcomes, wanted }
    }

    /// Gives a run that somebody has played already.
    pub fn give(&mut self, asked: Asked, outcome: Outcome) {
        self.outcomes.insert(asked, outcome);
    }

    /// What has been asked for and is not there.
    pub(crate) fn take_wanted(&self) -> Vec<Asked> {
        self.wanted.take().into_iter().collect()
    }

    /// Plays all that is asked for, on all cores; `progress` is told what.
    pub(crate) fn play(&mut self, asked: &[Asked], progress: &mut dyn FnMut(&str)) {
        progress(&format!("playing {} scenarios for the book", asked.len()));
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(Asked, Outcome)>> = Mutex::default();
        let stories = &self.stories;
        let work = || {
            while let Some(each) = asked.get(next.fetch_add(1, Ordering::Relaxed)) {
                let outcome = play_one(&stories[each.scenario.as_str()], each);
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((each.clone(), outcome));
            }
        };
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(work))));
        self.outcomes.extend(done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// Names of all scenarios.
    pub(crate) fn scenarios(&self) -> impl Iterator<Item = String> {
        self.stories.keys().map(|name| (*name).to_string())
    }

    /// A scenario by name.
    pub(crate) fn story(&self, name: &str) -> Result<&Story, Fault> {
        let known = || self.scenarios().collect::<Vec<_>>();
        self.stories
            .get(name)
            .ok_or_else(|| Fault::Wrong(format!("there is no scenario `{name}`"), suggest(name, &known())))
    }

    /// The runs of a scenario as it is.
    pub(crate) fn outcome(&self, scenario: &str) -> Result<&Outcome, Fault> {
        self.story(scenario)?;
        self.asked(&Asked::whole(scenario))
    }

    /// The pictures of a scenario as they are drawn today, by what follows its name.
    pub(crate) fn drawn(&self, outcome: &Outcome) -> Result<Drawn, Fault> {
        self.once(&outcome.scenario, || self.draw.scenario(outcome))
    }

    /// The pictures that belong to no scenario, as they are drawn today.
    pub(crate) fn standing(&self) -> Result<Drawn, Fault> {
        self.once("", || self.draw.standing())
    }

    /// Draws what was not drawn yet.
    fn once(&self, of: &str, draw: impl Fn() -> Result<Vec<(String, String)>, String>) -> Result<Drawn, Fault> {
        if let Some(drawn) = self.drawn.borrow().get(of) {
            return Ok(Rc::clone(drawn));
        }
        let drawn = draw().map_err(|why| Fault::Wrong(why, "mend the `[figure]` of the scenario".into()))?;
        let drawn: Drawn = Rc::new(drawn.into_iter().collect());
        self.drawn.borrow_mut().insert(of.into(), Rc::clone(&drawn));
        Ok(drawn)
    }

    /// One run. Without changes it is taken from those of the whole scenario.
    pub(crate) fn run(&self, asked: &Asked) -> Result<&VariantOutcome, Fault> {
        self.check(asked)?;
        let Some(variant) = asked.variant.as_ref() else {
            let first = self.variants(&asked.scenario)?.into_iter().next().unwrap_or_default();
            return wrong(
                format!("which variant of `{}`?", asked.scenario),
                format!("write `{}/{first}`", asked.scenario),
            );
        };
        let plain = asked.set.is_empty() && asked.seed.is_none();
        let outcome = if plain { self.outcome(&asked.scenario)? } else { self.asked(asked)? };
        Ok(outcome.variants.iter().find(|v| v.name == *variant).expect("the variant was played"))
    }

    /// Names of a scenario's variants.
    pub(crate) fn variants(&self, scenario: &str) -> Result<Vec<String>, Fault> {
        Ok(self.story(scenario)?.spec.variant.iter().map(|v| v.name.get_ref().clone()).collect())
    }

    /// Whether such a run can be played.
    pub(crate) fn check(&self, asked: &Asked) -> Result<(), Fault> {
        let names = self.variants(&asked.scenario)?;
        let chosen = match &asked.variant {
            Some(variant) if !names.contains(variant) => {
                let message = format!("`{}` has no variant `{variant}`", asked.scenario);
                return wrong(message, suggest(variant, &names));
            }
            Some(variant) => vec![variant.clone()],
            None => names,
        };
        let story = self.story(&asked.scenario)?;
        chosen.iter().try_for_each(|variant| self.check_set(story, variant, &asked.set))
    }

    fn check_set(&self, story: &Story, variant: &str, set: &[String]) -> Result<(), Fault> {
        if set.is_empty() {
            return Ok(());
        }
        let parsed: Result<Vec<Override>, _> = set.iter().map(|text| Override::parse(text)).collect();
        let checked = parsed.and_then(|set| story.resolve(Some(variant), &set).map(drop));
        checked.map_err(|error| {
            let first = &error.problems()[0];
            Fault::Wrong(first.message().into(), first.help().unwrap_or("see `cargo lab explain`").into())
        })
    }

    fn asked(&self, asked: &Asked) -> Result<&Outcome, Fault> {
        self.outcomes.get(asked).ok_or_else(|| {
            self.wanted.borrow_mut().insert(asked.clone());
            Fault::NotPlayed
        })
    }
}

fn play_one(story: &Story, asked: &Asked) -> Outcome {
    let set = asked.set.iter().map(|text| Override::parse(text).expect("checked when it was asked for"));
    let request = Request {
        seed: asked.seed,
        variants: asked.variant.iter().cloned().collect(),
        set: set.collect(),
        ..Request::plain(&asked.scenario)
    };
    play(story, &request).unwrap_or_else(|error| panic!("{}", error.render())).outcome
}
