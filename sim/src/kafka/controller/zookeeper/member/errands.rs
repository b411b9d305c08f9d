//! What a broker asks the ensemble and the controller, one request of each kind at a time.

use super::ZooKeeperMember;
use crate::engine::SimTime;
use crate::kafka::controller::messages::{ControlRequest, ZooKeeperRequest};
use crate::kafka::machine::{Lane, Output, Sent};
use crate::kafka::protocol::Request;
use crate::kafka::types::BrokerId;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// Open the session, then keep it.
    Session,
    /// See who lives and who is the controller.
    Watch,
    /// Take the seat of the controller, then load what the predecessors wrote.
    Seat,
    /// Write what has been decided.
    Write,
    /// Fetch from the controller what has been written.
    Fetch,
}

impl Task {
    pub(super) const ALL: [Task; 5] = [Task::Session, Task::Watch, Task::Seat, Task::Write, Task::Fetch];

    /// A watch is held for long, so it has a connection of its own.
    fn lane(self) -> Lane {
        match self {
            Task::Watch | Task::Fetch => Lane::Quorum,
            Task::Session | Task::Seat | Task::Write => Lane::Control,
        }
    }
}

/// How a task stands.
#[derive(Debug, Default)]
pub(super) struct Errand {
    in_flight: Option<Sent>,
    not_before: SimTime,
}

impl ZooKeeperMember {
    /// The request that a task wants to send now, if it wants any.
    fn wanted(&self, task: Task) -> Option<(BrokerId, ControlRequest)> {
        let request = match (task, self.session) {
            (Task::Session, None) => ZooKeeperRequest::Open(self.id),
            (_, None) => return None,
            (Task::Session, Some(session)) => ZooKeeperRequest::Ping(session),
            (Task::Watch, Some(session)) => ZooKeeperRequest::Watch { session, version: self.state.version },
            (Task::Seat, Some(session)) => self.seat_request(session)?,
            (Task::Write, Some(_)) => self.write_request()?,
            (Task::Fetch, Some(_)) => return self.fetch_request(),
        };
        Some((self.ensemble, ControlRequest::ZooKeeper(request)))
    }

    fn seat_request(&self, session: u64) -> Option<ZooKeeperRequest> {
        match self.state.controller {
            _ if self.state.version == 0 => None,
            None => Some(ZooKeeperRequest::Claim(session)),
            Some(controller) if controller == self.id && self.office.is_none() => Some(ZooKeeperRequest::Load(session)),
            Some(_) => None,
        }
    }

    fn fetch_request(&self) -> Option<(BrokerId, ControlRequest)> {
        let controller = self.state.controller.filter(|controller| *controller != self.id)?;
        let (from, voter, epoch) = (self.id, false, self.state.epoch);
        let (offset, last_epoch) = (self.log.len() as u64, 0);
        Some((controller, ControlRequest::FetchMetadata { from, voter, epoch, offset, last_epoch }))
    }

    /// Sends whatever is wanted and due.
    pub(super) fn run_errands(&mut self, now: SimTime) {
        for task in Task::ALL {
            let errand = &self.errands[&task];
            let due = errand.in_flight.is_none() && errand.not_before <= now;
            if let Some((to, request)) = due.then(|| self.wanted(task)).flatten() {
                self.send(task, to, request);
            }
        }
    }

    pub(super) fn send(&mut self, task: Task, to: BrokerId, request: ControlRequest) {
        let sent = Sent(self.sends);
        self.sends += 1;
        self.asked.insert(sent, task);
        self.errand(task).in_flight = Some(sent);
        let (lane, timeout) = (task.lane(), self.config.zookeeper.request_timeout);
        self.outputs.push(Output::Send { sent, to, lane, timeout, request: Request::Control(request) });
    }

    /// When idle tasks that want something may send it.
    pub(super) fn errands_due(&self) -> impl Iterator<Item = SimTime> {
        let idle = self.errands.iter().filter(|(_, errand)| errand.in_flight.is_none());
        idle.filter(|(task, _)| self.wanted(**task).is_some()).map(|(_, errand)| errand.not_before)
    }

    /// Whether an answer is the one that the task waits for; it waits no longer then.
    pub(super) fn finish(&mut self, task: Task, sent: Sent) -> bool {
        let errand = self.errand(task);
        let awaited = errand.in_flight == Some(sent);
        errand.in_flight = errand.in_flight.filter(|_| !awaited);
        awaited
    }

    pub(super) fn pause(&mut self, task: Task, until: SimTime) {
        self.errand(task).not_before = until;
    }

    /// The answer under way no longer matters.
    pub(super) fn forget(&mut self, task: Task, now: SimTime) {
        *self.errand(task) = Errand { in_flight: None, not_before: now };
    }

    fn errand(&mut self, task: Task) -> &mut Errand {
        self.errands.get_mut(&task).expect("every task has an errand")
    }
}
