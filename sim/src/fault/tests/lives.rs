//! Goal: whom a fault has killed or asked to stop is down until the last such fault has ended. Method: as in the parent; a started
//! process needs a second to boot.

use super::*;

fn down(node: &str) -> Kind {
    Kind::Down { node: node.into() }
}

fn stop(node: &str) -> Kind {
    Kind::Stop { node: node.into() }
}

#[test]
fn a_killed_process_starts_when_the_last_fault_ends() {
    assert_eq!(play(vec![fault(10, 14, down("a"))], up), [1, 1, 1, 1, 1]);
    assert_eq!(play(vec![fault(10, 15, down("a"))], up), [1, 0, 1, 1, 1]); // still booting
    assert_eq!(play(overlapping(down("a"), down("a")), up), [1, 0, 0, 0, 1]);
    assert_eq!(play(overlapping(down("a"), down("b")), up), [1, 0, 0, 1, 1]);
}

#[test]
fn the_host_of_a_killed_process_refuses() {
    assert_eq!(play(vec![fault(10, 40, down("b"))], refusal), [0; 5]);
    let lost = Kind::HostLoss { node: "b".into() };
    assert_eq!(play(vec![fault(10, 40, lost)], refusal), [0, SILENT, SILENT, SILENT, 0]);
}

#[test]
fn a_process_that_was_asked_to_stop_starts_when_the_last_fault_ends() {
    assert_eq!(play(overlapping(stop("a"), stop("a")), up), [1, 0, 0, 0, 1]);
    assert_eq!(play(overlapping(stop("a"), down("a")), up), [1, 0, 0, 0, 1]);
    assert_eq!(play(overlapping(down("a"), stop("a")), up), [1, 0, 0, 0, 1]);
}

#[test]
fn a_process_that_does_not_stop_is_killed_after_thirty_seconds() {
    let deaf = |stage: &Stage| stage.site("a").unwrap().process.on_term(|| ());
    assert_eq!(play_on(deaf, vec![fault(10, 50, stop("a"))], up), [1, 1, 1, 1, 0]);
    assert_eq!(play_on(deaf, vec![fault(20, 30, down("a")), fault(10, 50, stop("a"))], up), [1, 1, 0, 0, 0]);
}

/// Otherwise a fault that is shorter than the stopping would leave the process down for good.
#[test]
fn a_process_that_is_still_stopping_when_the_fault_ends_starts_once_it_has_stopped() {
    let slow = |stage: &Stage| {
        let process = stage.site("a").unwrap().process;
        let (own, sim) = (process.clone(), stage.sim().clone());
        process.on_term(move || {
            let own = own.clone();
            sim.call_after(ms(14_000), move || own.exit(Exit::Stopped));
        });
    };
    assert_eq!(play_on(slow, vec![fault(10, 12, stop("a"))], up), [1, 1, 1, 1, 1]); // stopped at 24 s, started at 25 s
    assert_eq!(play_on(slow, vec![fault(10, 30, stop("a"))], up), [1, 1, 0, 1, 1]);
}

#[test]
fn no_supervisor_starts_what_a_fault_keeps_down() {
    let crashed = |second| fault(second, second + 1, crash());
    let faults = vec![crashed(5), crashed(8), fault(12, 30, down("a"))]; // the supervisor would start it at 19 s
    assert_eq!(play(faults, up), [0, 0, 0, 1, 1]);
    assert_eq!(play(vec![fault(10, 30, down("a")), crashed(12)], up), [1, 0, 0, 1, 1]);
}

#[test]
fn a_process_needs_its_host_and_its_leave_to_start() {
    assert_eq!(play(overlapping(down("a"), host_loss()), up), [1, 0, 0, 0, 1]);
    assert_eq!(play(overlapping(host_loss(), down("a")), up), [1, 0, 0, 0, 1]);
    assert_eq!(play(overlapping(host_loss(), stop("a")), up), [1, 0, 0, 0, 1]);
}
