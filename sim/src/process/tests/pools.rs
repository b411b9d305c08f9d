//! Goal: pools and workers are FIFO, bounded, and lose no unit. Method: as in the parent.

use super::*;
use crate::units::Factor;

fn pool(world: &World, size: u32, queue: Option<u32>, timeout: Option<u64>) -> Pool {
    Pool::new(&world.process, "db", PoolSpec { size, queue, acquire_timeout: timeout.map(ms) })
}

/// A task that takes a unit at `time` and keeps it for `hold`.
fn user(world: &World, pool: &Pool, time: u64, hold: u64, name: &'static str) -> engine::Task<()> {
    let (process, pool, sim, log) = (world.process.clone(), pool.clone(), world.sim().clone(), world.log.clone());
    world.process.spawn(async move {
        sim.sleep_until(at(time)).await;
        match pool.acquire().await {
            Ok(_guard) => {
                log.add(&sim, name);
                process.sleep(ms(hold)).await;
            }
            Err(why) => log.add(&sim, format!("{name}: {why:?}")),
        }
    })
}

#[test]
fn units_pass_on_in_order_and_waiting_ends_in_time() {
    let words = play(5000, |world| {
        let pool = pool(world, 1, Some(2), Some(50));
        user(world, &pool, 0, 30, "a");
        user(world, &pool, 1, 100, "b");
        user(world, &pool, 2, 10, "c");
        user(world, &pool, 3, 10, "d");
        user(world, &pool, 200, 10, "e");
        world.then(1000, move |_| assert_eq!((pool.used(), pool.waiting()), (0, 0)));
    });
    assert_eq!(words, ["0 a", "3 d: Full", "30 b", "52 c: Timeout", "200 e"]);
}

#[test]
fn who_is_cancelled_leaves_the_line_and_a_granted_unit_is_not_lost() {
    let words = play(5000, |world| {
        let pool = pool(world, 1, None, None);
        let first: Rc<RefCell<Option<PoolGuard>>> = Rc::default();
        let (taker, keep) = (pool.clone(), first.clone());
        world.process.spawn(async move { *keep.borrow_mut() = taker.acquire().await.ok() });
        let second = user(world, &pool, 1, 10, "b");
        let third = user(world, &pool, 2, 10, "c");
        user(world, &pool, 3, 10, "d");
        let line = pool.clone();
        world.then(10, move |_| {
            second.abort();
            assert_eq!(line.waiting(), 2);
        });
        world.then(30, move |_| {
            drop(first.take()); // grants c the unit, which c will never see
            third.abort();
        });
        world.then(1000, move |_| assert_eq!((pool.used(), pool.waiting()), (0, 0)));
    });
    assert_eq!(words, ["30 d"]);
}

#[test]
fn a_pool_is_whole_again_after_its_process_has_died() {
    let words = play(20_000, |world| {
        let pool = pool(world, 1, None, None);
        user(world, &pool, 0, 5000, "a");
        user(world, &pool, 1, 5000, "b");
        let kept: Rc<RefCell<Option<PoolGuard>>> = Rc::default();
        world.then(10, |process| process.exit(Exit::Crashed));
        let (users, keep, log) = (pool.clone(), kept.clone(), world.log.clone());
        world.then(2000, move |process| {
            assert_eq!((users.used(), users.waiting()), (0, 0));
            let sim = process.sim().clone();
            process.spawn(async move {
                *keep.borrow_mut() = users.acquire().await.ok();
                log.add(&sim, "kept");
            });
        });
        world.then(3000, |process| process.exit(Exit::Crashed));
        world.then(15_000, move |_| {
            drop(kept.take()); // of an earlier life
            assert_eq!(pool.used(), 0);
        });
    });
    assert_eq!(words, ["0 a", "2000 kept"]);
}

/// Every unit that a gauge shows as taken is shown as given back, under the name `<process>.<pool>`.
#[test]
fn pools_are_traced() {
    let script = |world: &World| {
        let pool = pool(world, 1, Some(1), Some(5));
        user(world, &pool, 0, 30, "a");
        user(world, &pool, 1, 100, "b");
    };
    let words = play_spec(ProcessSpec::default(), 100, script, |world| {
        let name = world.process.trace().name("node.db");
        let of_pool = |event: &Event| match event {
            Event::Gauged { of, .. } => *of == name,
            Event::Marked { at, .. } => *at == name,
            _ => false,
        };
        world.events.borrow().0.iter().filter(|(_, e)| of_pool(e)).map(|(_, e)| word(e)).collect::<Vec<_>>()
    });
    assert_eq!(
        words,
        [
            "pool.used=0",
            "pool.waiting=0",
            "pool.used=1",
            "pool.waiting=1",
            "pool.waiting=0",
            "pool.timeouts",
            "pool.used=0"
        ]
    );
}

#[test]
fn workers_share_one_line_and_refuse_beyond_it() {
    let words = play(5000, |world| {
        let spec = WorkersSpec { workers: 2, queue: Some(1) };
        let workers = Workers::new(world.sim(), world.process.trace(), "db", spec);
        for demand in [10, 20, 30, 40] {
            let (sim, log) = (world.sim().clone(), world.log.clone());
            workers.submit(ms(demand), move |accepted| log.add(&sim, format!("{demand} {accepted}")));
        }
        assert_eq!((workers.busy(), workers.queued()), (2, 1));
        let (task, sim, log) = (workers.clone(), world.sim().clone(), world.log.clone());
        world.process.spawn(async move {
            sim.sleep_until(at(30)).await;
            let accepted = task.work(ms(10)).await;
            log.add(&sim, format!("task {accepted}"));
        });
        world.then(35, move |_| workers.set_slowdown(Factor(2000)));
    });
    // the third job has 5 of 30 ms left at 35 ms; the task's 10 ms began at 30
    assert_eq!(words, ["0 40 false", "10 10 true", "20 20 true", "45 30 true", "45 task true"]);
}
