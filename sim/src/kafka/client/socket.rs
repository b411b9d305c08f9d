//! One socket of kafkajs' `Connection`, with the life of a Node.js socket: it can be ended before it is connected, it hears the
//! other side's end after its own, and what it hears it tells the connection, be it still that connection's current socket or
//! not. The races of MODEL-REFERENCE.md C5 follow from that.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::config::ClientConfig;
use super::connection::Connection;
use super::error::{ConnectionFault, KafkaError};
use crate::engine::{SimDuration, SlotWriter};
use crate::grpc::Site;
use crate::kafka::protocol::Response;
use crate::kafka::wire::Frame;
use crate::net::{Conn, ConnEvents, ConnectOptions, Keepalive};
use crate::process::ProcessTimer;
use crate::trace::ConnChange;

/// `setKeepAlive(true, 60000)` (A9); interval and count are Linux's.
const KEEPALIVE_IDLE: SimDuration = SimDuration::from_secs(60);

/// Told how the attempt to connect went.
pub(super) type Opened = SlotWriter<Result<(), KafkaError>>;

/// One socket.
pub(super) struct Socket {
    me: Weak<Socket>,
    owner: Weak<Connection>,
    site: Site,
    config: Rc<ClientConfig>,
    conn: RefCell<Option<Conn>>,
    open: Cell<bool>,
    /// This side writes no more.
    ended: Cell<bool>,
    /// Destroyed: hears and says nothing.
    gone: Cell<bool>,
    /// Written before it was connected.
    early: RefCell<Vec<Frame>>,
    opened: RefCell<Option<Opened>>,
    timer: RefCell<Option<ProcessTimer>>,
}

impl Socket {
    /// Starts to connect; `opened` hears how it went.
    pub(super) fn open(owner: &Rc<Connection>, opened: Opened) -> Rc<Self> {
        let socket = Rc::new_cyclic(|me| Self {
            me: me.clone(),
            owner: Rc::downgrade(owner),
            site: owner.site.clone(),
            config: owner.config.clone(),
            conn: RefCell::default(),
            open: Cell::new(false),
            ended: Cell::new(false),
            gone: Cell::new(false),
            early: RefCell::default(),
            opened: RefCell::new(Some(opened)),
            timer: RefCell::default(),
        });
        let (site, target) = (&owner.site, owner.target);
        let options = ConnectOptions { keepalive: Some(Keepalive { idle: KEEPALIVE_IDLE, ..Keepalive::default() }) };
        let conn = site.net.connect(site.host, target.host, target.port, options, socket.clone());
        *socket.conn.borrow_mut() = Some(conn);
        let (process, me) = (&site.process, Rc::downgrade(&socket));
        let due = process.sim().now() + owner.config.connection_timeout;
        let timer = process.call_later(due, move || me.upgrade().into_iter().for_each(|socket| socket.late()));
        *socket.timer.borrow_mut() = Some(timer);
        socket
    }

    /// Writes a frame. After the end it is an error, which is told later as Node does.
    pub(super) fn write(&self, frame: Frame) {
        if self.ended.get() {
            self.in_loop(SimDuration::ZERO, |socket| socket.fail(ConnectionFault::WriteAfterEnd));
        } else if self.open.get() {
            self.push(frame);
        } else {
            self.early.borrow_mut().push(frame);
        }
    }

    /// Writes no more once everything written so far is out (`socket.end()`).
    pub(super) fn end(&self) {
        if !self.ended.replace(true) && self.open.get() {
            self.push(Frame::End);
        }
    }

    fn push(&self, frame: Frame) {
        if let Some(conn) = &*self.conn.borrow() {
            conn.send(frame.bytes(), Rc::new(frame));
        }
    }

    fn connected(&self) {
        self.timer.take();
        self.open.set(true);
        self.early.take().into_iter().for_each(|frame| self.push(frame));
        if self.ended.get() {
            self.push(Frame::End);
        }
        self.tell(Connection::connected);
        self.settle(Ok(()));
    }

    /// The connection timeout has passed.
    fn late(&self) {
        let error = KafkaError::Connection(ConnectionFault::Timeout);
        self.tell(|connection| connection.broken(&error));
        self.settle(Err(error));
    }

    /// `'end'`: the other side writes no more.
    fn other_end(&self) {
        self.timer.take();
        self.destroy();
        self.tell(Connection::ended);
    }

    /// `'error'`.
    fn fail(&self, fault: ConnectionFault) {
        self.timer.take();
        self.destroy();
        let error = KafkaError::Connection(fault);
        self.tell(|connection| connection.broken(&error));
        self.settle(Err(error));
    }

    fn tell(&self, what: impl FnOnce(&Connection)) {
        if let Some(connection) = self.owner.upgrade() {
            what(&connection);
        }
    }

    fn destroy(&self) {
        self.gone.set(true);
        let conn = self.conn.borrow_mut().take();
        conn.iter().for_each(Conn::close);
    }

    fn settle(&self, result: Result<(), KafkaError>) {
        let opened = self.opened.borrow_mut().take();
        opened.into_iter().for_each(|opened| opened.set(result.clone()));
    }

    /// Does something as a callback of the event loop, unless the socket is destroyed by then.
    fn in_loop(&self, cpu: SimDuration, then: impl FnOnce(&Socket) + 'static) {
        if let Some(me) = self.me.upgrade() {
            self.site.process.readable(cpu, move || {
                if !me.gone.get() {
                    then(&me);
                }
            });
        }
    }

    /// CPU to parse a frame.
    fn cost(&self, frame: &Frame) -> SimDuration {
        let records: u64 = match frame {
            Frame::Response { response: Response::Fetch(partitions), .. } => {
                partitions.iter().flat_map(|partition| &partition.batches).map(|batch| batch.count()).sum()
            }
            _ => 0,
        };
        self.config.cpu_per_response + self.config.cpu_per_record * records
    }
}

impl ConnEvents for Socket {
    fn opened(&self) {
        self.in_loop(SimDuration::ZERO, Socket::connected);
    }

    fn message(&self, _bytes: u32, body: Rc<dyn Any>) {
        if let Ok(frame) = body.downcast::<Frame>() {
            self.in_loop(self.cost(&frame), move |socket| socket.tell(|connection| connection.received(&frame)));
        }
    }

    /// A dead process resets its connections in this network; Linux sends FIN unless unread data is queued, and kafkajs then hears
    /// `'end'`. So a reset of an open connection is heard as an end.
    fn closed(&self, why: ConnChange) {
        self.in_loop(SimDuration::ZERO, move |socket| match why {
            ConnChange::Refused => socket.fail(ConnectionFault::Refused),
            ConnChange::TimedOut => socket.fail(ConnectionFault::TimedOut),
            _ => socket.other_end(),
        });
    }
}
