//! The same echo on other simulators.

use std::process::Command;
use std::time::Duration;

const PORT: u16 = 7;

/// Messages of the echo over turmoil's UDP: `tasks` clients on each of `hosts` hosts.
pub(crate) fn turmoil(seed: u64, hosts: u64, tasks: u64, trips: u64) -> u64 {
    let latency = (Duration::from_millis(1), Duration::from_millis(10));
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .min_message_latency(latency.0)
        .max_message_latency(latency.1)
        .simulation_duration(Duration::from_secs(3600))
        .udp_capacity(4096)
        .build();
    sim.host("server", || async {
        let socket = turmoil::net::UdpSocket::bind(("0.0.0.0", PORT)).await?;
        let mut buffer = [0; 8];
        loop {
            let (bytes, from) = socket.recv_from(&mut buffer).await?;
            socket.send_to(&buffer[..bytes], from).await?;
        }
    });
    for host in 0..hosts {
        sim.client(format!("client-{host}"), async move {
            let tasks: Vec<_> = (0..tasks).map(|_| real_tokio::spawn(echo(trips))).collect();
            for task in tasks {
                task.await?.expect("echoes");
            }
            Ok(())
        });
    }
    sim.run().expect("the echo ends");
    hosts * tasks * trips * 2
}

async fn echo(trips: u64) -> std::io::Result<()> {
    let socket = turmoil::net::UdpSocket::bind(("0.0.0.0", 0)).await?;
    let mut buffer = [0; 8];
    for trip in 0..trips {
        socket.send_to(&trip.to_le_bytes(), ("server", PORT)).await?;
        socket.recv_from(&mut buffer).await?;
    }
    Ok(())
}

/// Messages a second of the echo on SimPy; none where python3 has no SimPy.
pub(crate) fn simpy(seed: u64, clients: u64, trips: u64) -> Option<f64> {
    let arguments = [clients, trips, seed].map(|number| number.to_string());
    let mut python = Command::new("python3");
    let answer = python.args(["-c", include_str!("echo.py")]).args(arguments).output().ok()?;
    let seconds: f64 = String::from_utf8_lossy(&answer.stdout).trim().parse().ok()?;
    Some((clients * trips * 2) as f64 / seconds)
}
