//! What is done to the nodes: they start, die, stop in good order, freeze, and lose each other; clients go.

use super::{Node, Place, Route, Server, World};
use crate::engine::Stream;
use crate::kafka::machine::Input;
use crate::kafka::types::BrokerId;

impl World {
    /// Starts a dead node with what is on its disk.
    pub(in crate::kafka::server::tests) fn start(&mut self, id: BrokerId) {
        if self.is_up(id) {
            return;
        }
        self.counter += 1;
        let random = Stream::new(self.seed, &format!("{id}/{}", self.counter));
        let place = Place { id, broker: true, quorum: self.quorum.clone() };
        let node = self.nodes.get_mut(&id).expect("a known node");
        let disk = std::mem::take(&mut node.disk);
        let server = Server::start(&place, &self.config, disk, random, self.now);
        *node = Node { server: Some(server), ..Node::down() };
        self.handle(id, Input::Timeout);
    }

    /// Ends a process without warning. Its kernel closes the connections.
    pub(in crate::kafka::server::tests) fn crash(&mut self, id: BrokerId) {
        if self.end(id) {
            let concerned = |route: &Route| route.from() == Some(id) || route.to() == id;
            let routes: Vec<Route> = self.calls.values().map(|call| call.route).filter(concerned).collect();
            routes.into_iter().for_each(|route| self.close(route));
        }
    }

    /// Ends a machine without warning. Nobody hears of it.
    pub(in crate::kafka::server::tests) fn lose_host(&mut self, id: BrokerId) {
        if self.end(id) {
            self.nodes.get_mut(&id).expect("a known node").lost = true;
            self.calls.retain(|_, call| call.route.from() != Some(id));
            let known = &self.calls;
            self.queues.values_mut().for_each(|queue| queue.retain(|call| known.contains_key(call)));
        }
    }

    fn end(&mut self, id: BrokerId) -> bool {
        let node = self.nodes.get_mut(&id).expect("a known node");
        let Some(server) = node.server.take() else { return false };
        *node = Node { disk: server.into_disk(), ..Node::down() };
        true
    }

    /// SIGTERM: the process ends when it may.
    pub(in crate::kafka::server::tests) fn stop(&mut self, id: BrokerId) {
        let node = self.nodes.get_mut(&id).expect("a known node");
        if node.server.is_some() && node.frozen.is_none() {
            node.leaving = true;
            self.act(id, Server::want_stop);
        }
    }

    /// SIGSTOP: everything waits for the process.
    pub(in crate::kafka::server::tests) fn freeze(&mut self, id: BrokerId) {
        let node = self.nodes.get_mut(&id).expect("a known node");
        if node.server.is_some() {
            node.frozen.get_or_insert_default();
        }
    }

    /// SIGCONT.
    pub(in crate::kafka::server::tests) fn thaw(&mut self, id: BrokerId) {
        let waiting = self.nodes.get_mut(&id).expect("a known node").frozen.take();
        if let Some(waiting) = waiting {
            waiting.into_iter().for_each(|event| self.at(self.now, event));
            self.handle(id, Input::Timeout);
        }
    }

    /// Nothing passes between the two.
    pub(in crate::kafka::server::tests) fn cut(&mut self, one: BrokerId, other: BrokerId) {
        self.cuts.extend([(one, other), (other, one)]);
    }

    pub(in crate::kafka::server::tests) fn heal(&mut self) {
        self.cuts.clear();
    }

    /// A client's process is killed.
    pub(in crate::kafka::server::tests) fn kill_client(&mut self, nth: usize) {
        self.visitors[nth].gone = true;
        let routes: Vec<Route> = self.calls.values().map(|call| call.route).collect();
        let mine = |route: &Route| matches!(route, Route::Client(whose, _) if *whose == nth);
        routes.into_iter().filter(mine).for_each(|route| self.close(route));
    }

    /// Ends a connection: nobody waits any longer, on either side.
    pub(super) fn close(&mut self, route: Route) {
        self.queues.remove(&route);
        let calls: Vec<u64> = self.calls.iter().filter(|(_, call)| call.route == route).map(|(id, _)| *id).collect();
        for id in calls {
            let Some(call) = self.calls.get(&id) else { continue };
            let reachable = self.is_up(route.to()) && !self.is_cut(route);
            if call.served && reachable && self.nodes[&route.to()].frozen.is_none() {
                self.handle(route.to(), Input::Gone(crate::kafka::machine::Ticket(id)));
            }
            self.give(id, None);
        }
    }
}
