//! Which engine plays a run, and what an engine is.
//!
//! An engine plays a kernel: it performs [`Kernel::step`] until that says the run is over, polls whom it names with
//! [`Kernel::poll`], reads the result, and then lets the kernel [`finish`](Kernel::finish). It decides nothing, so every engine gives the
//! same history.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::str::FromStr;

use super::kernel::Kernel;
use super::ties::Order;
use super::{NodeId, Sim, SimTime, native};

/// Who polls the tasks of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Our own executor: fast, and builds everywhere.
    #[default]
    Native,
    /// madsim's executor, which can also host code written against tokio.
    #[cfg(madsim)]
    Madsim,
    /// Native with a mistake, for tests of the cross-check: whoever is woken overtakes the queue. Not in [`Engine::ALL`].
    Careless,
}

impl Engine {
    /// The engines of this build.
    pub const ALL: &[Engine] = &[
        Engine::Native,
        #[cfg(madsim)]
        Engine::Madsim,
    ];

    /// The engine on which a single run is played unless told otherwise: madsim where it is there.
    pub const FOR_ONE: Engine = Self::ALL[Self::ALL.len() - 1];

    /// Its name.
    pub const fn text(self) -> &'static str {
        match self {
            Engine::Native => "native",
            #[cfg(madsim)]
            Engine::Madsim => "madsim",
            Engine::Careless => "careless",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// This build has no engine of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this build has no engine `{asked}`; it has {}", Engine::ALL.iter().map(|engine| engine.text()).collect::<Vec<_>>().join(" and "))]
pub struct UnknownEngine {
    asked: String,
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(text: &str) -> Result<Self, UnknownEngine> {
        let found = Self::ALL.iter().find(|engine| engine.text() == text);
        found.copied().ok_or_else(|| UnknownEngine { asked: text.into() })
    }
}

/// How a run is played. Only `ties` changes what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Who polls.
    pub engine: Engine,
    /// Draws the order of simultaneous events from this seed, instead of taking them in the order of requests.
    pub ties: Option<u64>,
}

/// A task that is no model: code written against another executor's API.
pub(super) type Guest = Pin<Box<dyn Future<Output = ()>>>;

/// This engine polls models only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this engine hosts no guests; play on madsim")]
pub struct NoGuests;

/// What an engine may keep for each node. The kernel drops, parks and refuses tasks by itself.
pub(super) trait Nodes {
    /// A node was added.
    fn add(&self, _name: &str) {}
    /// All tasks of a node are gone, and nothing runs on it.
    fn kill(&self, _node: NodeId) {}
    /// A killed node takes tasks again.
    fn restart(&self, _node: NodeId) {}
    /// The tasks of a node wait.
    fn pause(&self, _node: NodeId) {}
    /// The tasks of a node run again.
    fn resume(&self, _node: NodeId) {}
    /// Runs a guest on a node that is up, until that is killed.
    fn host(&self, _node: NodeId, _guest: Guest) -> Result<(), NoGuests> {
        Err(NoGuests)
    }
}

/// Nothing is kept.
pub(super) struct NoNodes;

impl Nodes for NoNodes {}

/// Plays a run on the engine that was chosen.
pub(super) fn play<T, F>(options: Options, seed: u64, end: SimTime, build: impl FnOnce(&Sim) -> F + Send) -> T
where
    T: Send,
    F: FnOnce() -> T,
{
    let order = options.ties.map_or_else(Order::by_request, Order::drawn);
    match options.engine {
        Engine::Native => play_native(Kernel::new(seed, end, order), build),
        Engine::Careless => play_native(Kernel::careless(seed, end, order), build),
        #[cfg(madsim)]
        Engine::Madsim => on_a_thread(|| {
            let kernel = Rc::new(Kernel::new(seed, end, order));
            super::madsim::play(kernel.clone(), || build(&Sim { kernel }))
        }),
    }
}

fn play_native<T, F: FnOnce() -> T>(kernel: Kernel, build: impl FnOnce(&Sim) -> F) -> T {
    let kernel = Rc::new(kernel);
    native::play(&kernel, || build(&Sim { kernel: kernel.clone() }))
}

/// madsim wants a thread that has run nothing before.
#[cfg(madsim)]
fn on_a_thread<T: Send>(play: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(play).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}
