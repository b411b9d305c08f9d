//! Which nodes are up, paused or down, and the tasks that wait for the end of a pause.

use super::NodeId;
use super::event::TaskKey;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    Paused,
    Down,
}

struct Node {
    state: State,
    /// Tasks that became ready during a pause, in order.
    parked: Vec<TaskKey>,
}

/// The nodes of a run.
#[derive(Default)]
pub(super) struct NodeTable {
    nodes: Vec<Node>,
    /// How many are paused: mostly none, and then nobody need look at a node.
    paused: usize,
}

impl NodeTable {
    pub(super) fn add(&mut self) -> NodeId {
        self.nodes.push(Node { state: State::Up, parked: Vec::new() });
        NodeId(u32::try_from(self.nodes.len() - 1).expect("fewer than 2^32 nodes"))
    }

    pub(super) fn is_down(&self, node: NodeId) -> bool {
        self.nodes[node.index()].state == State::Down
    }

    /// Takes a node down. Whoever was parked is forgotten.
    pub(super) fn kill(&mut self, node: NodeId) {
        self.resume(node);
        self.nodes[node.index()].state = State::Down;
    }

    pub(super) fn kill_all(&mut self) {
        (0..self.nodes.len()).for_each(|node| self.kill(NodeId(node as u32)));
    }

    pub(super) fn restart(&mut self, node: NodeId) {
        self.nodes[node.index()].state = State::Up;
    }

    pub(super) fn pause(&mut self, node: NodeId) {
        let state = &mut self.nodes[node.index()].state;
        if *state == State::Up {
            *state = State::Paused;
            self.paused += 1;
        }
    }

    /// Ends a pause, if there is one; returns who became ready meanwhile.
    pub(super) fn resume(&mut self, node: NodeId) -> Vec<TaskKey> {
        let node = &mut self.nodes[node.index()];
        if node.state != State::Paused {
            return Vec::new();
        }
        node.state = State::Up;
        self.paused -= 1;
        std::mem::take(&mut node.parked)
    }

    /// Parks a task that is ready if its node is paused. (A node that is down has no tasks.)
    #[inline]
    pub(super) fn park(&mut self, node: NodeId, key: TaskKey) -> bool {
        if self.paused == 0 {
            return false;
        }
        let node = &mut self.nodes[node.index()];
        let parks = node.state == State::Paused;
        if parks {
            node.parked.push(key);
        }
        parks
    }
}
