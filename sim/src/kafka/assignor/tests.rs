//! Goal: shares are complete, even and sticky. Method: small cases by hand, then random groups that grow and shrink.

use super::*;
use crate::engine::Stream;
use crate::kafka::protocol::Subscription;

fn member(id: &str, topics: &[&str]) -> GroupMember {
    let topics = topics.iter().map(|topic| Rc::from(*topic)).collect();
    GroupMember { id: id.into(), instance: None, subscription: Subscription { topics, ..Subscription::default() } }
}

fn topics(counts: &[(&str, u32)]) -> Vec<Topic> {
    counts.iter().map(|(name, count)| (Rc::from(*name), *count)).collect()
}

/// Shares as short text: `a: t0 t2; b: t1`.
fn told(shares: &Shares) -> String {
    let share = |(id, share): (&Rc<str>, &Vec<TopicPartition>)| {
        let partitions: String = share.iter().map(|p| format!(" {}{}", p.topic, p.partition)).collect();
        format!("{id}:{partitions}")
    };
    shares.iter().map(share).collect::<Vec<_>>().join("; ")
}

/// Members that own now what they were given, in this generation.
fn owning(members: &[GroupMember], shares: &Shares, generation: u32) -> Vec<GroupMember> {
    let owning = |member: &GroupMember| {
        let mut member = member.clone();
        member.subscription.owned = shares.get(&member.id).cloned().unwrap_or_default();
        member.subscription.generation = shares.contains_key(&member.id).then_some(generation);
        member
    };
    members.iter().map(owning).collect()
}

#[test]
fn range_piles_the_extra_partitions_on_the_first_members() {
    let members = ["b", "a"].map(|id| member(id, &["t", "u", "v"]));
    let shares = Assignor::Range.assign(&members, &topics(&[("t", 3), ("u", 3), ("v", 3)]));
    assert_eq!(told(&shares), "a: t0 t1 u0 u1 v0 v1; b: t2 u2 v2");
}

#[test]
fn round_robin_deals_on_over_the_end_of_a_topic() {
    let members = ["b", "a"].map(|id| member(id, &["t", "u"]));
    let shares = Assignor::RoundRobin.assign(&members, &topics(&[("u", 3), ("t", 3)]));
    assert_eq!(told(&shares), "a: t0 t2 u1; b: t1 u0 u2");
}

#[test]
fn round_robin_passes_over_who_does_not_want_the_topic() {
    let members = [member("a", &["t"]), member("b", &["u"]), member("c", &["t", "u"])];
    let shares = Assignor::RoundRobin.assign(&members, &topics(&[("t", 3), ("u", 3), ("nobodys", 2)]));
    assert_eq!(told(&shares), "a: t0 t2; b: u0 u2; c: t1 u1");
}

/// kafkajs keeps the leader's order of topics and gives partitions to members that never asked for the topic.
#[test]
fn kafkajs_deals_to_everybody_by_id() {
    let members = [member("b", &["u"]), member("a", &["u", "t"])];
    let shares = Assignor::KafkaJs.assign(&members, &topics(&[("u", 3), ("t", 2)]));
    assert_eq!(told(&shares), "a: u0 u2 t1; b: u1 t0");
}

/// A static member keeps its place whatever id it has after a restart.
#[test]
fn static_members_are_sorted_by_instance_and_come_first() {
    let pod = |id, instance: &str| GroupMember { instance: Some(instance.into()), ..member(id, &["t"]) };
    let topics = topics(&[("t", 3)]);
    let before = Assignor::Range.assign(&[member("a", &["t"]), pod("x", "1"), pod("y", "2")], &topics);
    assert_eq!(told(&before), "a: t2; x: t0; y: t1");
    let after = Assignor::Range.assign(&[member("a", &["t"]), pod("z", "1"), pod("y", "2")], &topics);
    assert_eq!(told(&after), "a: t2; y: t1; z: t0");
}

#[test]
fn more_members_than_partitions_leave_some_without() {
    let members = ["a", "b", "c"].map(|id| member(id, &["t"]));
    for assignor in Assignor::ALL {
        assert_eq!(told(&assignor.assign(&members, &topics(&[("t", 2)]))), "a: t0; b: t1; c:", "{assignor:?}");
    }
}

#[test]
fn nobody_gets_nothing() {
    for assignor in Assignor::ALL {
        assert_eq!(assignor.assign(&[], &topics(&[("t", 2)])), Shares::new());
    }
}

#[test]
fn names_lead_back_to_their_assignors() {
    for assignor in Assignor::ALL {
        assert_eq!(Assignor::named(assignor.name()), Some(assignor));
    }
    assert_eq!(Assignor::named("uniform"), None);
}

/// A newcomer to a cooperative group gets nothing at first, and its share when the others have let go.
#[test]
fn cooperative_hands_over_in_two_rounds() {
    let (topics, old) = (topics(&[("t", 4)]), ["a", "b"].map(|id| member(id, &["t"])));
    let all = ["a", "b", "c"].map(|id| member(id, &["t"]));
    let shares = Assignor::CooperativeSticky.assign(&old, &topics);
    assert_eq!(told(&shares), "a: t0 t2; b: t1 t3");
    let first = Assignor::CooperativeSticky.assign(&owning(&all, &shares, 1), &topics);
    assert_eq!(told(&first), "a: t0; b: t1 t3; c:");
    let second = Assignor::CooperativeSticky.assign(&owning(&all, &first, 2), &topics);
    assert_eq!(told(&second), "a: t0; b: t1 t3; c: t2");
}

/// A zombie's claim of an older generation does not count; two claims of the same cancel each other.
#[test]
fn the_latest_claim_counts() {
    let claim = |id, generation, owned: &[u32]| {
        let mut member = member(id, &["t"]);
        member.subscription.generation = generation;
        member.subscription.owned = owned.iter().map(|nth| TopicPartition::new("t", *nth)).collect();
        member
    };
    let topics = topics(&[("t", 2)]);
    let members = [claim("a", Some(1), &[0, 1]), claim("b", Some(2), &[0])];
    assert_eq!(told(&Assignor::Sticky.assign(&members, &topics)), "a: t1; b: t0");
    let members = [claim("a", Some(2), &[1]), claim("b", Some(2), &[1])];
    assert_eq!(told(&Assignor::Sticky.assign(&members, &topics)), "a: t0; b: t1");
}

/// Partitions that are gone, or of topics no longer wanted, are not kept.
#[test]
fn what_cannot_be_kept_is_let_go() {
    let mut one = member("a", &["t"]);
    one.subscription.generation = Some(1);
    one.subscription.owned = vec![TopicPartition::new("t", 9), TopicPartition::new("u", 0)];
    let members = [one, member("b", &["u"])];
    let shares = Assignor::Sticky.assign(&members, &topics(&[("t", 1), ("u", 1)]));
    assert_eq!(told(&shares), "a: t0; b: u0");
}

/// A group whose members come and go, all wanting the same.
struct Crowd {
    draws: Stream,
    topics: Vec<Topic>,
    members: Vec<GroupMember>,
    born: u32,
    shares: Shares,
}

impl Crowd {
    fn new(seed: u64) -> Self {
        let mut draws = Stream::new(seed, "crowd");
        let topics = topics(&[("t", draws.below(12) as u32), ("u", 1 + draws.below(7) as u32)]);
        Self { draws, topics, members: Vec::new(), born: 0, shares: Shares::new() }
    }

    /// Somebody comes, or goes.
    fn change(&mut self) {
        if self.members.len() < 2 || self.draws.below(2) == 0 {
            self.born += 1;
            // Ids without order, as brokers give them.
            let id = format!("{:04x}-{}", self.draws.below(1 << 16), self.born);
            self.members.push(member(&id, &["t", "u"]));
        } else {
            let gone = self.draws.below(self.members.len() as u64) as usize;
            let gone = self.members.remove(gone);
            self.shares.remove(&gone.id);
        }
    }

    fn claims(&self) -> Vec<GroupMember> {
        owning(&self.members, &self.shares, 1)
    }

    fn total(&self) -> usize {
        partitions(&self.topics).count()
    }

    /// Moves that even the best assignment needs: of those who own most, as many as possible may keep one more than the rest.
    fn moves_needed(&self) -> usize {
        let (floor, extra) = (self.total() / self.members.len(), self.total() % self.members.len());
        let mut owned: Vec<usize> = self.claims().iter().map(|member| member.subscription.owned.len()).collect();
        owned.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
        let may_keep = |nth: usize| floor + usize::from(nth < extra);
        owned.iter().enumerate().map(|(nth, count)| count.saturating_sub(may_keep(nth))).sum()
    }
}

fn check_complete(crowd: &Crowd, shares: &Shares) {
    let mut given: Vec<_> = shares.values().flatten().cloned().collect();
    given.sort();
    let mut all: Vec<_> = partitions(&crowd.topics).collect();
    all.sort();
    assert_eq!(given, all, "every partition is owned exactly once");
}

fn check_even(shares: &Shares, slack: usize) {
    let counts = || shares.values().map(Vec::len);
    let (most, least) = (counts().max().unwrap_or(0), counts().min().unwrap_or(0));
    assert!(most <= least + slack, "{}", told(shares));
}

#[test]
fn every_partition_is_owned_once_and_shares_are_even() {
    for seed in 0..300 {
        let mut crowd = Crowd::new(seed);
        for _ in 0..8 {
            crowd.change();
            for assignor in [Assignor::Range, Assignor::RoundRobin, Assignor::KafkaJs, Assignor::Sticky] {
                let shares = assignor.assign(&crowd.claims(), &crowd.topics);
                check_complete(&crowd, &shares);
                // Range is even for each topic, not over all of them.
                check_even(&shares, if assignor == Assignor::Range { crowd.topics.len() } else { 1 });
            }
            crowd.shares = Assignor::Sticky.assign(&crowd.claims(), &crowd.topics);
        }
    }
}

#[test]
fn sticky_moves_no_more_than_it_must() {
    let mut moved_at_all = 0;
    for seed in 0..300 {
        let mut crowd = Crowd::new(seed);
        for _ in 0..8 {
            crowd.change();
            let shares = Assignor::Sticky.assign(&crowd.claims(), &crowd.topics);
            let moved = |(id, owned): (&Rc<str>, &Vec<TopicPartition>)| {
                owned.iter().filter(|partition| !shares[id].contains(partition)).count()
            };
            let moves: usize = crowd.shares.iter().map(moved).sum();
            assert_eq!(moves, crowd.moves_needed(), "{} → {}", told(&crowd.shares), told(&shares));
            moved_at_all += moves;
            crowd.shares = shares;
        }
    }
    assert!(moved_at_all > 1000, "else nothing was tested");
}

/// In each round nobody gets what another still holds; when nobody comes or goes, the second round completes the hand-over.
#[test]
fn cooperative_gives_nothing_that_another_still_owns() {
    for seed in 0..300 {
        let mut crowd = Crowd::new(seed);
        for _ in 0..8 {
            crowd.change();
            let claims = crowd.claims();
            let first = Assignor::CooperativeSticky.assign(&claims, &crowd.topics);
            for (id, share) in &first {
                let others = claims.iter().filter(|member| member.id != *id);
                let held: Vec<_> = others.flat_map(|member| &member.subscription.owned).collect();
                assert!(!share.iter().any(|partition| held.contains(&partition)), "{}", told(&first));
            }
            crowd.shares = first;
            crowd.shares = Assignor::CooperativeSticky.assign(&crowd.claims(), &crowd.topics);
            check_complete(&crowd, &crowd.shares);
            check_even(&crowd.shares, 1);
        }
    }
}

/// With different wishes shares are as even as wishes allow: no single move would help.
#[test]
fn sticky_is_even_as_far_as_wishes_allow() {
    for seed in 0..300 {
        let mut draws = Stream::new(seed, "wishes");
        let all = topics(&[("t", 5), ("u", 4), ("v", 3)]);
        let mut wish = || ["t", "u", "v"].into_iter().filter(|_| draws.below(2) == 0).collect::<Vec<_>>();
        let members: Vec<_> = ["a", "b", "c", "d"].into_iter().map(|id| member(id, &wish())).collect();
        let shares = Assignor::Sticky.assign(&members, &all);
        for (from, to) in members.iter().flat_map(|from| members.iter().map(move |to| (from, to))) {
            let could_move = shares[&from.id].iter().any(|partition| wants(to, &partition.topic));
            let (most, least) = (shares[&from.id].len(), shares[&to.id].len());
            assert!(!could_move || most <= least + 1, "{} to {}: {}", from.id, to.id, told(&shares));
        }
        let wanted = partitions(&all).filter(|p| members.iter().any(|member| wants(member, &p.topic))).count();
        assert_eq!(shares.values().map(Vec::len).sum::<usize>(), wanted);
    }
}
