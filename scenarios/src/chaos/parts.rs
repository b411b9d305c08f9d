//! What can be hit: for each kind of fault the nodes, links or pools of a world.

use crate::spec::{Ability, Chaos, ChaosKind, World};

/// The parts of a world that chaos may touch.
pub(super) struct Parts {
    allowed: Vec<ChaosKind>,
    nodes: [Vec<String>; 3],
    /// Directed: a pair of nodes that talk is two links.
    links: Vec<(String, String)>,
    pools: Vec<String>,
}

impl Parts {
    /// The parts of `world`, but for what `chaos` leaves out. `spared` is left out unless it is named.
    pub(super) fn of(world: &impl World, chaos: &Chaos, spared: &str) -> Self {
        let named = |name: &str| chaos.targets.iter().any(|target| target.get_ref() == name);
        let wanted = |name: &str| if chaos.targets.is_empty() { name != spared } else { named(name) };
        let nodes = Ability::ALL.map(|ability| {
            let mut nodes = world.nodes(ability);
            nodes.retain(|node| wanted(node));
            nodes
        });
        let both = |(a, b): (String, String)| [(a.clone(), b.clone()), (b, a)];
        let mut links: Vec<_> = world.links().into_iter().flat_map(both).collect();
        // A link is wanted for one of its ends if targets are named, and for both if they are not.
        links.retain(|(from, to)| match chaos.targets.is_empty() {
            true => wanted(from) && wanted(to),
            false => wanted(from) || wanted(to),
        });
        let mut pools = world.pools();
        pools.retain(|pool| wanted(pool));
        Self { allowed: chaos.allowed(), nodes, links, pools }
    }

    /// The kinds for which there is something to hit.
    pub(super) fn kinds(&self) -> Vec<ChaosKind> {
        let possible = |kind: &ChaosKind| match kind {
            ChaosKind::Cut | ChaosKind::Loss | ChaosKind::Delay | ChaosKind::Clog => !self.links.is_empty(),
            ChaosKind::PoolShrink => !self.pools.is_empty(),
            kind => !self.nodes(*kind).is_empty(),
        };
        self.allowed.iter().copied().filter(possible).collect()
    }

    /// The nodes that a kind can hit.
    pub(super) fn nodes(&self, kind: ChaosKind) -> &[String] {
        let ability = if kind == ChaosKind::Slow { Ability::Computes } else { Ability::Process };
        let index = Ability::ALL.iter().position(|each| *each == ability);
        index.map_or(&[], |index| &self.nodes[index])
    }

    /// Links, each in one direction.
    pub(super) fn links(&self) -> &[(String, String)] {
        &self.links
    }

    /// Nodes with a link.
    pub(super) fn linked(&self) -> Vec<String> {
        let mut nodes: Vec<String> = self.links.iter().map(|(from, _)| from.clone()).collect();
        nodes.sort();
        nodes.dedup();
        nodes
    }

    /// Pools.
    pub(super) fn pools(&self) -> &[String] {
        &self.pools
    }
}
