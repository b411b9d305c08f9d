//! Goal: events come in order, and cancelled ones leave nothing. Method: small histories, and random ones against a sorted list.

use super::*;
use crate::engine::Stream;

impl Ahead for u64 {
    fn look(&self) -> usize {
        0
    }
}

fn queue() -> EventQueue<u64> {
    EventQueue::new(Order::by_request())
}

fn events(queue: &mut EventQueue<u64>) -> Vec<u64> {
    let next = || queue.pop_due(SimTime::MAX);
    let event = |(_, due)| if let Due::Event(event) = due { event } else { panic!("no task was woken") };
    std::iter::from_fn(next).map(event).collect()
}

#[test]
fn events_of_one_instant_come_in_push_order() {
    let mut queue = queue();
    for n in 0..5 {
        queue.push(SimTime::from_secs(1), n);
    }
    queue.push(SimTime::ZERO, 9);
    assert_eq!(events(&mut queue), [9, 0, 1, 2, 3, 4]);
}

#[test]
fn cancelled_events_never_happen_and_do_not_pile_up() {
    let mut queue = queue();
    queue.push(SimTime::from_secs(7200), 0);
    for _ in 0..10_000 {
        let id = queue.push(SimTime::from_secs(3600), 1);
        assert_eq!(queue.cancel(id), Some(1));
        assert_eq!(queue.cancel(id), None);
    }
    let entries: usize = queue.levels.iter().flat_map(|level| &level.buckets).map(Vec::len).sum();
    assert!(entries < 200, "{entries} entries for one live event");
    assert_eq!(queue.pop_due(SimTime::MAX), Some((SimTime::from_secs(7200), Due::Event(0))));
}

#[test]
fn what_is_due_is_kept_back_until_its_limit() {
    let mut queue = queue();
    queue.push(SimTime::from_nanos(10), 1);
    assert_eq!(queue.pop_due(SimTime::from_nanos(9)), None);
    queue.push(SimTime::from_nanos(5), 2);
    assert_eq!(queue.next_at(), Some(SimTime::from_nanos(5)));
    assert_eq!(events(&mut queue), [2, 1]);
}

/// The reference: a plain sorted list of `(time, number of request)`.
#[test]
fn random_pushes_pops_and_cancels_agree_with_a_sorted_list() {
    let mut draws = Stream::new(5, "queue");
    let (mut queue, mut list, mut now) = (queue(), Vec::<(u64, u64, EventId)>::new(), 0);
    for number in 0..200_000 {
        match draws.below(10) {
            0..5 => {
                let bits = draws.below(40);
                let at = now + if draws.chance(300_000) { 0 } else { draws.below(1 << bits) };
                let id = queue.push(SimTime::from_nanos(at), number);
                list.push((at, number, id));
            }
            5 if !list.is_empty() => {
                let (_, event, id) = list.swap_remove(draws.below(list.len() as u64) as usize);
                assert_eq!(queue.cancel(id), Some(event));
            }
            _ => {
                let first = list.iter().enumerate().min_by_key(|(_, entry)| (entry.0, entry.1)).map(|(nth, _)| nth);
                let expected = first.map(|nth| list.swap_remove(nth)).map(|(at, event, _)| (at, event));
                let popped = queue.pop_due(SimTime::MAX);
                let found = popped.map(|(at, due)| match due {
                    Due::Event(event) => (at.as_nanos(), event),
                    Due::Task(_) => panic!("no task was woken"),
                });
                assert_eq!(found, expected);
                now = queue.now; // cancelled events may have moved it further than the last one popped
            }
        }
    }
}
