//! The asynchronous runtime of the database.

use tokio::runtime::{Builder, Runtime};

use crate::Error;

/// A runtime for the database with a separate thread. Connections return to the pool in tasks, which must also run
/// while no caller waits in `block_on`.
///
/// # Errors
/// When the system cannot start a thread.
pub fn runtime() -> Result<Runtime, Error> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Error::Runtime)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ranklab_store::Store;

    use super::*;

    /// Each query in `block_on` leaves a connection that returns to the pool. It must not wait for the next query, since
    /// training may lie between them.
    #[test]
    fn connections_return_to_the_pool_while_no_caller_waits() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = runtime().unwrap();
        let store = runtime.block_on(Store::open(&folder.path().join("ranklab.db"))).unwrap();
        for _ in 0..100 {
            runtime.block_on(store.latest_sweep()).unwrap();
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while store.connections_in_use() > 0 {
            assert!(Instant::now() < deadline, "{} connections are in use", store.connections_in_use());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
