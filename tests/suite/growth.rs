//! Goal: memory follows what is pending and not how long a run is. Method: one echo with a time-out and a short-lived task for
//! each message is played for ten and for sixty simulated minutes, each in a process of its own that reads its peak memory.

use gridlock_sim::engine::{self, SimDuration, SimTime, channel, race};
use gridlock_tests::child;

#[test]
#[cfg(target_os = "linux")]
fn an_hour_of_echo_holds_no_more_than_ten_minutes() {
    let peak_kb = |minutes| -> u64 {
        let answer = child::ask("growth::helper_echoes", minutes);
        answer.parse().unwrap_or_else(|error| panic!("{error}: {answer}"))
    };
    let (short, long) = (peak_kb("10"), peak_kb("60"));
    assert!(short > 1000, "{short} kB is no process");
    assert!(long * 10 <= short * 11, "60 minutes held {long} kB, 10 minutes {short} kB");
}

#[test]
#[ignore = "runs in a second process only"]
fn helper_echoes() {
    let Some(minutes) = child::question() else { return };
    let minutes: u64 = minutes.parse().expect("a number of minutes");
    let echoes = echo(SimTime::from_secs(60 * minutes));
    assert!(echoes >= minutes * 60 * 99, "only {echoes} echoes");
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    child::answer(peak.trim().trim_end_matches(" kB"));
}

/// A hundred messages a second go to another node and come back, each raced against a time-out of an hour.
fn echo(end: SimTime) -> u64 {
    engine::run(1, end, |sim| {
        let (ping, mut pings) = channel::<u64>(8);
        let (pong, mut pongs) = channel::<u64>(8);
        let (near, far) = (sim.add_node("near"), sim.add_node("far"));
        sim.spawn(far, async move {
            while let Some(number) = pings.recv().await {
                let _ = pong.send(number);
            }
        });
        let count = std::rc::Rc::new(std::cell::Cell::new(0));
        let (echoes, me) = (count.clone(), sim.clone());
        sim.spawn(near, async move {
            for number in 0.. {
                let _ = ping.send(number);
                race(pongs.recv(), me.sleep(SimDuration::from_secs(3600))).await;
                let (echoes, wait) = (echoes.clone(), me.sleep(SimDuration::from_millis(5)));
                me.spawn(near, async move {
                    wait.await;
                    echoes.set(echoes.get() + 1);
                });
                me.sleep(SimDuration::from_millis(10)).await;
            }
        });
        move || count.get()
    })
}
