//! How a caller keeps its send buffer bounded.

use super::*;

const MS: u64 = 1000;
const S: u64 = 1_000_000;

/// Sends messages of a hundred bytes as long as fewer than 300 bytes are unacknowledged.
struct Writer {
    world: World,
    conn: RefCell<Option<Conn>>,
    left: Cell<u32>,
}

impl Writer {
    fn write(&self) {
        let conn = self.conn.borrow().clone().expect("it has a connection");
        while self.left.get() > 0 && conn.unacked_bytes() < 300 {
            self.left.set(self.left.get() - 1);
            send(&conn, self.left.get());
            assert!(conn.unacked_bytes() <= 300);
        }
        if self.left.get() > 0 {
            conn.tell_when_below(200);
        }
    }
}

impl ConnEvents for Writer {
    fn opened(&self) {
        self.write();
    }

    fn message(&self, _: u32, _: Rc<dyn Any>) {}

    fn drained(&self) {
        self.world.note("drained");
        self.write();
    }

    fn closed(&self, why: ConnChange) {
        self.world.note(why.text());
    }
}

fn write(world: &World, messages: u32) -> Rc<Writer> {
    let writer = Rc::new(Writer { world: world.clone(), conn: RefCell::default(), left: Cell::new(messages) });
    let conn = world.net.connect(world.a, world.b, PORT, ConnectOptions::default(), writer.clone());
    *writer.conn.borrow_mut() = Some(conn);
    writer
}

#[test]
fn a_writer_is_told_when_its_buffer_has_drained_and_sends_on() {
    let log = play(2, |world| {
        world.serve(None);
        let writer = write(world, 7);
        world.at(1000, move |_| assert_eq!(writer.conn.borrow().as_ref().map(Conn::unacked_bytes), Some(0)));
    });
    let all: Vec<String> = (0..7).rev().map(|number| format!("got {number}")).collect();
    assert_eq!(heard(&log, "server")[1..], all);
    assert_eq!(times(&log, "drained"), [MS, MS + 500], "once a round trip, below the mark and not before");
}

#[test]
fn a_mark_is_told_once_and_can_be_taken_back() {
    let log = play(3, |world| {
        world.serve(None);
        let writer = write(world, 0);
        world.at(1000, move |world| {
            let conn = writer.conn.borrow().clone().expect("it has a connection");
            let burst = |conn: &Conn| (0..5).for_each(|number| send(conn, number));
            burst(&conn);
            conn.tell_when_below(450);
            world.at(1500, move |world| {
                burst(&conn);
                conn.tell_when_below(450);
                conn.tell_when_below(0);
                world.at(2000, move |_| burst(&conn));
            });
        });
    });
    assert_eq!(times(&log, "drained"), [S + 500]);
}

#[test]
fn a_cut_fills_the_buffer_and_the_first_acknowledgements_after_it_drain_it() {
    let log = play(5, |world| {
        world.serve(None);
        let writer = write(world, 0);
        world.at(1000, move |world| {
            world.cut_both(true);
            writer.left.set(5);
            writer.write();
        });
        world.at(2000, |world| world.cut_both(false));
    });
    let sent_again = S + 1400 * MS;
    assert_eq!(times(&log, "drained"), [sent_again + MS], "the first answer brings the other two back");
    assert_eq!(heard(&log, "server")[1..], ["got 4", "got 3", "got 2", "got 1", "got 0"]);
}

#[test]
fn a_closed_or_broken_connection_is_not_drained() {
    let closed = play(3, |world| {
        world.serve(None);
        let writer = write(world, 7);
        world.sim.call_at(SimTime::from_nanos(600_000), move || {
            writer.conn.borrow().as_ref().expect("it has a connection").close();
        });
    });
    assert!(times(&closed, "drained").is_empty(), "who has closed hears no more");
    let broken = play(1000, |world| {
        world.serve(None);
        write(world, 7);
        world.sim.call_at(SimTime::from_nanos(600_000), {
            let world = world.clone();
            move || world.cut_both(true)
        });
    });
    assert_eq!(times(&broken, "drained").len(), 0);
    assert_eq!(times(&broken, "timed-out").len(), 1);
}
