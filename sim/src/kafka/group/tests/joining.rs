//! Goal: generations begin when D1 says, with whom it says. Method: members join, stay away or come late, by the clock.

use super::*;

/// I5: 3.03–3.09 s from run() to the first assignment, of which 3 s are the coordinator's.
#[test]
fn d1_a_cold_group_waits_three_seconds() {
    let mut bench = Bench::new();
    let (_, ticket) = bench.enter();
    bench.pass(SimDuration::from_millis(2999));
    assert_eq!(bench.answer(ticket), None);
    bench.pass(SimDuration::from_millis(1));
    assert_eq!(entered(bench.answer(ticket)), (1, 1));
}

#[test]
fn d1_each_newcomer_extends_the_initial_delay_by_three_seconds() {
    let mut bench = Bench::new();
    let (_, first) = bench.enter();
    bench.pass(secs(2));
    let (_, second) = bench.enter();
    bench.pass(secs(3)); // at 3 s there was a newcomer; 5 s
    let (_, third) = bench.enter();
    bench.pass(SimDuration::from_millis(3999)); // at 6 s there was another; 8.999 s
    assert_eq!(bench.answer(first), None);
    bench.pass(SimDuration::from_millis(1));
    assert_eq!(entered(bench.answer(first)), (1, 3));
    assert_eq!((entered(bench.answer(second)), entered(bench.answer(third))), ((1, 0), (1, 0)));
}

#[test]
fn d1_the_initial_delay_ends_at_the_rebalance_timeout() {
    let mut bench = Bench::new();
    let (_, first) = bench.enter();
    for _ in 0..29 {
        bench.pass(secs(2));
        bench.enter();
    }
    assert_eq!(bench.answer(first), None, "at 58 s");
    bench.pass(secs(2));
    assert_eq!(entered(bench.answer(first)), (1, 30));
}

#[test]
fn d1_a_group_with_members_needs_no_initial_delay() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let (_, newcomer) = bench.enter();
    assert_eq!(bench.answer(newcomer), None);
    let leader = bench.send(&join(&ids[0]));
    assert_eq!(entered(bench.answer(leader)), (2, 2));
    assert_eq!(entered(bench.answer(newcomer)), (2, 0));
}

#[test]
fn d1_an_unknown_member_gets_an_id_first() {
    let mut bench = Bench::new();
    let (one, _) = bench.enter();
    let (other, _) = bench.enter();
    assert_ne!(one, other);
    let invented = bench.ask(&join(&"i-was-here".into()));
    assert_eq!(invented, refusal(ErrorCode::UnknownMemberId));
}

/// A client that takes its id and never comes back holds the next generation up until its session would have ended.
#[test]
fn d1_a_promised_id_is_waited_for_until_its_session_ends() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.ask(&join(&"".into()));
    let rejoin = bench.send(&join(&ids[0]));
    bench.pass(SimDuration::from_millis(29_999));
    assert_eq!(bench.answer(rejoin), None);
    bench.pass(SimDuration::from_millis(1));
    assert_eq!(entered(bench.answer(rejoin)), (2, 1));
}

#[test]
fn d1_members_that_do_not_rejoin_are_removed_at_the_rebalance_timeout() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let begun = bench.now;
    let (newcomer, ticket) = bench.enter();
    bench.send(&join(&ids[0]));
    while bench.answer(ticket).is_none() {
        // The busy member beats, so that its session holds, but does not join.
        bench.pass(secs(3));
        let _ = bench.beat(&ids[1], 1);
    }
    assert_eq!(bench.now - begun, secs(60));
    assert_eq!(bench.ids(), [ids[0].clone(), newcomer]);
}

/// The longest wish of all members counts.
#[test]
fn d1_the_rebalance_timeout_is_the_longest_of_all_members() {
    let mut bench = Bench::new();
    let patient = Join { rebalance_timeout: secs(200), session_timeout: secs(600), ..joining(&"".into()) };
    let (id, _) = bench.enter_as(patient);
    bench.pass(secs(6));
    bench.ask(&sync(&id, 1, Vec::new()));
    let (_, newcomer) = bench.enter();
    bench.pass(secs(199));
    assert_eq!(bench.answer(newcomer), None);
    bench.pass(secs(1));
    assert_eq!(entered(bench.answer(newcomer)), (2, 1));
}

#[test]
fn d1_the_first_to_join_leads_and_stays_leader_while_it_rejoins() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    assert_eq!(bench.view().leader, Some(&ids[0]));
    bench.enter();
    bench.send(&join(&ids[1]));
    bench.send(&join(&ids[0]));
    assert_eq!((bench.view().generation, bench.view().leader), (2, Some(&ids[0])));
}

#[test]
fn d1_the_oldest_member_leads_after_the_leader() {
    let mut bench = Bench::new();
    let ids = bench.stable(3);
    bench.ask(&GroupRequest::Leave(speaker(&ids[0], None)));
    bench.send(&join(&ids[2]));
    bench.send(&join(&ids[1]));
    assert_eq!(bench.view().leader, Some(&ids[1]));
}

#[test]
fn d1_a_follower_that_rejoins_unchanged_gets_the_current_generation() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    assert_eq!(entered(Some(bench.ask(&join(&ids[1])))), (1, 0));
    assert_eq!(bench.view().state, GroupState::Stable);
}

#[test]
fn d1_a_leader_that_rejoins_begins_a_rebalance() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.send(&join(&ids[0]));
    assert_eq!(bench.view().state, GroupState::PreparingRebalance);
}

#[test]
fn d1_a_changed_subscription_begins_a_rebalance() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let mut changed = joining(&ids[1]);
    changed.subscription.topics.push("payments".into());
    bench.send(&GroupRequest::Join(changed));
    assert_eq!(bench.view().state, GroupState::PreparingRebalance);
}

/// While the leader assigns, who missed the answer to its join may ask again without disturbing.
#[test]
fn d1_a_join_repeated_while_the_leader_assigns_changes_nothing() {
    let mut bench = Bench::new();
    let (leader, _) = bench.enter();
    let (follower, _) = bench.enter();
    bench.pass(secs(6));
    assert_eq!(entered(Some(bench.ask(&join(&leader)))), (1, 2));
    assert_eq!(entered(Some(bench.ask(&join(&follower)))), (1, 0));
    assert_eq!(bench.view().state, GroupState::CompletingRebalance);
}

#[test]
fn d1_the_assignor_is_one_that_all_know_by_most_votes() {
    let mut bench = Bench::new();
    let wishes: [&[&str]; 3] =
        [&["range", "sticky", "roundrobin"], &["sticky", "range"], &["sticky", "range", "roundrobin"]];
    for wish in wishes {
        let protocols = wish.iter().map(|name| Rc::from(*name)).collect();
        bench.enter_as(Join { protocols, ..joining(&"".into()) });
    }
    bench.pass(secs(6));
    assert_eq!(bench.view().protocol.map(|name| &**name), Some("sticky"));
}

#[test]
fn d1_who_knows_no_assignor_of_the_group_is_refused() {
    let mut bench = Bench::new();
    bench.stable(1);
    let stranger = Join { protocols: vec!["range".into()], ..joining(&"".into()) };
    assert_eq!(bench.ask(&GroupRequest::Join(stranger)), refusal(ErrorCode::InconsistentGroupProtocol));
    let mute = Join { protocols: Vec::new(), ..joining(&"".into()) };
    assert_eq!(bench.ask(&GroupRequest::Join(mute)), refusal(ErrorCode::InconsistentGroupProtocol));
}

/// D2: 6 s … 30 min, both included.
#[test]
fn d1_session_timeouts_out_of_bounds_are_refused() {
    let mut bench = Bench::new();
    let mut ask = |millis| {
        let join = Join { session_timeout: SimDuration::from_millis(millis), ..joining(&"".into()) };
        bench.ask(&GroupRequest::Join(join)) == refusal(ErrorCode::InvalidSessionTimeout)
    };
    assert_eq!([5_999, 6_000, 1_800_000, 1_800_001].map(&mut ask), [true, false, false, true]);
}

#[test]
fn d1_a_parked_join_whose_connection_is_gone_is_not_answered_but_counts() {
    let mut bench = Bench::new();
    let (_, ticket) = bench.enter();
    bench.coordinator.gone(ticket);
    bench.pass(secs(3));
    assert_eq!(bench.answer(ticket), None);
    assert_eq!((bench.view().generation, bench.view().members.len()), (1, 1));
    // Nobody speaks for it, so its session ends 30 s later and the group is empty.
    bench.pass(secs(30));
    assert_eq!(bench.view().state, GroupState::Empty);
}
