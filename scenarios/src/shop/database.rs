//! A service's way to its database: a bounded pool of connections, and the workers at the other end.

use gridlock_sim::dist::Dist;
use gridlock_sim::engine::{Draws, Sim, SimDuration};
use gridlock_sim::grpc::Status;
use gridlock_sim::process::{Pool, PoolError, PoolGuard, Workers};
use gridlock_sim::trace::Code;

/// Network time of one statement, both ways. The connection itself is not modelled: it never breaks.
const ROUND_TRIP: SimDuration = SimDuration::from_micros(500);

/// A database as one service sees it.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) sim: Sim,
    pub(crate) pool: Pool,
    pub(crate) workers: Workers,
    pub(crate) statement: Dist,
    pub(crate) draws: Draws,
}

/// A connection in use; dropping it gives it back.
pub(crate) struct Connection {
    database: Database,
    _unit: PoolGuard,
}

impl Database {
    /// Waits for a connection of the pool, for as long as the pool allows.
    pub(crate) async fn connection(&self) -> Result<Connection, Status> {
        let unit = self.pool.acquire().await.map_err(no_connection)?;
        Ok(Connection { database: self.clone(), _unit: unit })
    }
}

impl Connection {
    /// Runs the `nth` statement about an order and waits for its result.
    pub(crate) async fn query(&self, order: u64, nth: u64) -> Result<(), Status> {
        let database = &self.database;
        let demand = database.statement.sample(&mut database.draws.at(order * 4 + nth));
        database.sim.sleep(ROUND_TRIP / 2).await;
        let accepted = database.workers.work(demand).await;
        database.sim.sleep(ROUND_TRIP / 2).await;
        if accepted { Ok(()) } else { Err(Status::new(Code::ResourceExhausted, "The database's queue is full")) }
    }
}

/// What a caller reads when the pool has no connection for it.
fn no_connection(error: PoolError) -> Status {
    match error {
        PoolError::Full => Status::new(Code::ResourceExhausted, "Too many wait for a database connection"),
        PoolError::Timeout => Status::new(Code::ResourceExhausted, "No database connection in time"),
    }
}
