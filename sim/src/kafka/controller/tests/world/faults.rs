//! What is done to the nodes of a cluster in memory: they start, die, freeze, lose each other, leave.

use super::{ENSEMBLE, Event, Route, World};
use crate::engine::{SimDuration, Stream};
use crate::kafka::controller::tests::beater::Beater;
use crate::kafka::controller::zookeeper::ZooKeeperMember;
use crate::kafka::controller::{Member, QuorumMember};
use crate::kafka::machine::Input;
use crate::kafka::types::BrokerId;

impl World {
    /// Starts a dead node with what is on its disk. Its first beat comes within two seconds.
    pub(in crate::kafka::controller::tests) fn start(&mut self, id: BrokerId) {
        let random = Stream::new(self.seed, &format!("{id}/{}", self.counter));
        let beat = SimDuration::from_nanos(self.random.below(2_000_000_000));
        let node = self.nodes.get_mut(&id).expect("a known node");
        let (config, disk) = (self.config.clone(), std::mem::take(&mut node.disk));
        node.member = Some(match &self.voters {
            Some(voters) => Member::Kraft(Box::new(QuorumMember::start(id, voters, config, disk, random, self.now))),
            None => Member::ZooKeeper(Box::new(ZooKeeperMember::start(id, ENSEMBLE, config))),
        });
        node.beater = Beater::new(id);
        node.life += 1;
        let life = node.life;
        self.at(self.now + beat, Event::Beat(id, life));
        self.handle(id, Input::Timeout);
    }

    /// Ends a process without warning. Its kernel closes the connections.
    pub(in crate::kafka::controller::tests) fn crash(&mut self, id: BrokerId) {
        let node = self.nodes.get_mut(&id).expect("a known node");
        let Some(member) = node.member.take() else { return };
        (node.disk, node.frozen) = (member.into_disk(), None);
        self.witness.forget(id);
        let routes: Vec<Route> = self.calls.values().map(|call| call.route).collect();
        for route in routes.into_iter().filter(|route| route.0 == id || route.1 == id) {
            self.close(route);
        }
    }

    /// A node that is stopped and goes on later (SIGSTOP): everything waits for it.
    pub(in crate::kafka::controller::tests) fn freeze(&mut self, id: BrokerId) {
        self.nodes.get_mut(&id).expect("a known node").frozen.get_or_insert_default();
    }

    /// Lets a frozen node go on.
    pub(in crate::kafka::controller::tests) fn thaw(&mut self, id: BrokerId) {
        let waiting = self.nodes.get_mut(&id).expect("a known node").frozen.take().unwrap_or_default();
        waiting.into_iter().for_each(|event| self.at(self.now, event));
        self.handle(id, Input::Timeout);
    }

    /// Loses everything between two nodes, or nothing any more.
    pub(in crate::kafka::controller::tests) fn cut(&mut self, a: BrokerId, b: BrokerId, cut: bool) {
        for pair in [(a, b), (b, a)] {
            if cut {
                self.cuts.insert(pair)
            } else {
                self.cuts.remove(&pair)
            };
        }
    }

    /// The process ends of its own will, once its broker may stop.
    pub(in crate::kafka::controller::tests) fn leave(&mut self, id: BrokerId) {
        let outputs = self.nodes.get_mut(&id).expect("a known node").member.as_mut().expect("alive").stop(self.now);
        self.perform(id, outputs);
    }
}
