//! Sweeps whose records go to a real PostgreSQL server. `just test-postgres` starts one; without it each test says so and
//! stops.

mod copies;
mod disk;
mod refusals;
mod restarts;
mod server;
mod sweeps;
