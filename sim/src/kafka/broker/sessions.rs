//! What followers read: fetch sessions on the side of the leader, and their long poll (KIP-227, B2; AK: core/server/FetchSession.scala).
//!
//! A follower's fetch says what it has of every partition of its session, named or not, so it may commit records. The answer
//! to that same fetch still tells the high watermark of before; the next one tells the new one, and no parked fetch is answered for it.
//!
//! **Never here:** who may see what; a replica knows that.

use super::fetch::{is_worth_an_answer, narrow, not_here};
use super::replicas::{Number, Replicas};
use super::{Broker, answer};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::fetch_session::{SessionFetch, SessionFetched, SessionTurn};
use crate::kafka::log::ReadLimit;
use crate::kafka::machine::{Output, Ticket};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::protocol::{FetchPartition, Fetched, Response};
use crate::kafka::replica::{Reader, Told};
use crate::kafka::types::{BrokerId, ErrorCode, TopicPartition};

/// The sessions of all followers. At most one for each, so there are never more than brokers.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    all: Vec<Session>,
    begun: u32,
}

#[derive(Debug)]
struct Session {
    follower: BrokerId,
    /// The turn of the next fetch.
    turn: SessionTurn,
    parts: Vec<Part>,
    /// Which part is read first: the one behind the last that got something, so none starves.
    first: usize,
    waiting: Option<Waiting>,
}

/// A partition of a session.
#[derive(Debug)]
struct Part {
    /// Which replica, if it is here.
    number: Option<Number>,
    want: FetchPartition,
    /// What the follower knows already.
    told: Option<Told>,
    /// Nothing was wrong with it when the session was last looked through.
    is_fine: bool,
    /// When there was nothing in it for its follower, if nothing has been asked anew since: changes of the replica, and the epoch
    /// of the follower. Most partitions are so in most fetches.
    quiet: Option<(u64, u64)>,
}

/// A fetch of a session, perhaps one that waits for data.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    ticket: Ticket,
    until: SimTime,
    reader: (BrokerId, u64),
    min_bytes: u64,
    max_bytes: u64,
}

impl Waiting {
    fn follower(&self) -> Reader {
        Reader::Follower(self.reader.0, self.reader.1)
    }
}

impl Sessions {
    pub(super) fn due(&self) -> Option<SimTime> {
        self.waiting().map(|waiting| waiting.until).min()
    }

    /// Fetches that wait.
    pub(super) fn parked(&self) -> usize {
        self.waiting().count()
    }

    fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.all.iter().filter_map(|session| session.waiting.as_ref())
    }

    pub(super) fn forget(&mut self, ticket: Ticket) {
        for session in &mut self.all {
            session.waiting = session.waiting.filter(|waiting| waiting.ticket != ticket);
        }
    }

    /// Takes back what a follower still waits for: it has one fetch at a time, so it does not wait any more.
    fn interrupt(&mut self, follower: BrokerId) -> Option<Ticket> {
        let session = self.all.iter_mut().find(|session| session.follower == follower)?;
        session.waiting.take().map(|waiting| waiting.ticket)
    }

    /// The session that a fetch belongs to, which it may begin.
    fn enter(&mut self, fetch: &SessionFetch) -> Result<usize, ErrorCode> {
        let follower = fetch.replica.0;
        let known = self.all.iter().position(|session| session.follower == follower);
        if fetch.turn.epoch != SessionTurn::FIRST.epoch {
            let place = known.filter(|place| self.all[*place].turn.id == fetch.turn.id);
            let place = place.ok_or(ErrorCode::FetchSessionIdNotFound)?;
            let expected = self.all[place].turn == fetch.turn;
            return expected.then_some(place).ok_or(ErrorCode::InvalidFetchSessionEpoch);
        }
        self.begun += 1;
        let turn = SessionTurn { id: self.begun, epoch: SessionTurn::FIRST.epoch };
        let session = Session { follower, turn, parts: Vec::new(), first: 0, waiting: None };
        match known {
            Some(place) => self.all[place] = session,
            None => self.all.push(session),
        }
        Ok(known.unwrap_or(self.all.len() - 1))
    }
}

impl Session {
    /// Takes in what a fetch says.
    fn update(&mut self, fetch: SessionFetch, replicas: &Replicas) {
        self.parts.retain(|part| !fetch.forgotten.contains(&part.want.partition));
        for want in fetch.partitions {
            match self.parts.iter_mut().find(|part| part.want.partition == want.partition) {
                Some(part) => (part.want, part.quiet) = (want, None),
                None => self.parts.push(Part::new(replicas.number(&want.partition), want)),
            }
        }
    }

    /// Looks through all partitions: is the fetch to be answered at once?
    fn look(&mut self, replicas: &Replicas, fetch: &Waiting) -> bool {
        let (mut sum, mut all_fine) = (0, true);
        for part in &mut self.parts {
            let available = part.available(replicas, fetch);
            part.is_fine = available.is_some();
            all_fine &= part.is_fine;
            sum += available.unwrap_or(0);
        }
        !all_fine || sum >= fetch.min_bytes || self.parts.is_empty()
    }

    fn is_worth_an_answer(&self, replicas: &Replicas, fetch: &Waiting, changed: Number) -> bool {
        let wants = self.parts.iter().map(|part| (part.number, &part.want));
        is_worth_an_answer(replicas, wants, fetch.follower(), fetch.min_bytes, changed)
    }

    /// Reads what is new to the follower, and takes it for told.
    fn answer(&mut self, replicas: &Replicas, image: &MetadataImage, fetch: &Waiting) -> Output {
        let mut limit = ReadLimit { bytes: fetch.max_bytes, whole_first: true };
        let mut partitions = Vec::new();
        let (count, first) = (self.parts.len(), self.first);
        for nth in (0..count).map(|nth| (first + nth) % count) {
            let part = &mut self.parts[nth];
            if part.is_quiet(replicas, fetch) {
                continue;
            }
            let Some(fetched) = part.news(replicas, image, fetch, limit) else {
                part.hush(replicas, fetch);
                continue;
            };
            narrow(&mut limit, &fetched);
            self.first = if fetched.batches.is_empty() { self.first } else { nth + 1 };
            part.told = Told::by(&fetched);
            partitions.push(fetched);
        }
        let fetched = SessionFetched { error: ErrorCode::None, id: self.turn.id, partitions };
        answer(fetch.ticket, Response::SessionFetch(fetched))
    }
}

impl Part {
    fn new(number: Option<Number>, want: FetchPartition) -> Self {
        Self { number, want, told: None, is_fine: false, quiet: None }
    }

    /// What stays the same as long as the follower would find the same here.
    fn state(&self, replicas: &Replicas, fetch: &Waiting) -> Option<(u64, u64)> {
        self.number.map(|number| (replicas.changes(number), fetch.reader.1))
    }

    fn is_quiet(&self, replicas: &Replicas, fetch: &Waiting) -> bool {
        self.quiet.is_some() && self.quiet == self.state(replicas, fetch)
    }

    /// There was nothing to answer: as long as it stays like that, and not for want of room, it need not be looked at again.
    fn hush(&mut self, replicas: &Replicas, fetch: &Waiting) {
        let at_end = |number: Number| replicas.at(number).log().end() == self.want.offset;
        self.quiet = self.state(replicas, fetch).filter(|_| self.number.is_some_and(at_end));
    }

    /// Bytes that are new to the follower; nothing if something is wrong.
    fn available(&self, replicas: &Replicas, fetch: &Waiting) -> Option<u64> {
        if self.is_quiet(replicas, fetch) {
            return Some(0);
        }
        replicas.at(self.number?).available(fetch.follower(), &self.want, fetch.min_bytes)
    }

    fn news(&self, replicas: &Replicas, image: &MetadataImage, fetch: &Waiting, limit: ReadLimit) -> Option<Fetched> {
        match self.number {
            Some(number) => replicas.at(number).news(fetch.reader, &self.want, self.told, limit),
            None => Some(not_here(&self.want, absent(image, &self.want.partition))),
        }
    }
}

impl Broker {
    /// A follower fetches.
    pub(super) fn fetch_in_session(
        &mut self,
        now: SimTime,
        ticket: Ticket,
        fetch: SessionFetch,
        out: &mut Vec<Output>,
    ) {
        if let Some(ticket) = self.sessions.interrupt(fetch.replica.0) {
            out.push(answer(ticket, refusal(ErrorCode::FetchSessionIdNotFound)));
        }
        let place = match self.sessions.enter(&fetch) {
            Ok(place) => place,
            Err(error) => return out.push(answer(ticket, refusal(error))),
        };
        let SessionFetch { replica: reader, min_bytes, max_bytes, max_wait, .. } = fetch;
        let waiting = Waiting { ticket, until: now + max_wait, reader, min_bytes, max_bytes };
        let session = &mut self.sessions.all[place];
        session.turn = session.turn.next(session.turn.id);
        session.update(fetch, &self.replicas);
        let ready = session.look(&self.replicas, &waiting) || max_wait == SimDuration::ZERO;
        if ready {
            out.push(session.answer(&self.replicas, &self.image, &waiting));
        }
        session.waiting = (!ready).then_some(waiting);
        self.note_session(now, place, reader);
    }

    /// The follower has everything before the offsets it asks for, in all partitions in which nothing is wrong.
    fn note_session(&mut self, now: SimTime, place: usize, reader: (BrokerId, u64)) {
        let scene = self.config.scene(now, &self.image);
        for part in self.sessions.all[place].parts.iter().filter(|part| part.is_fine) {
            let Some(number) = part.number else { continue };
            if self.replicas.note_fetch(number, &scene, reader, part.want.offset) {
                self.dirty.insert(number);
            }
        }
    }

    /// Looks at the followers who wait for a replica that has changed.
    pub(super) fn complete_sessions(&mut self, number: Number, out: &mut Vec<Output>) {
        let (replicas, image) = (&self.replicas, &self.image);
        for session in &mut self.sessions.all {
            let done = |waiting: &Waiting| session.is_worth_an_answer(replicas, waiting, number);
            if let Some(waiting) = session.waiting.filter(done) {
                session.waiting = None;
                out.push(session.answer(replicas, image, &waiting));
            }
        }
    }

    pub(super) fn expire_sessions(&mut self, now: SimTime, out: &mut Vec<Output>) {
        for session in &mut self.sessions.all {
            if let Some(waiting) = session.waiting.filter(|waiting| waiting.until <= now) {
                session.waiting = None;
                out.push(session.answer(&self.replicas, &self.image, &waiting));
            }
        }
    }
}

fn refusal(error: ErrorCode) -> Response {
    Response::SessionFetch(SessionFetched::refused(error))
}

/// The error for a partition that is not here: known elsewhere, or not at all.
pub(super) fn absent(image: &MetadataImage, partition: &TopicPartition) -> ErrorCode {
    match image.partition(partition) {
        Some(_) => ErrorCode::NotLeaderOrFollower,
        None => ErrorCode::UnknownTopicOrPartition,
    }
}
