//! The runtime that the database's connections run on.

use tokio::runtime::{Builder, Runtime};

use crate::Error;

/// A runtime for the database alone. Its thread works also while no caller waits: connections return to the pool by
/// tasks, and a runtime that only turns within `block_on` would leave the pool empty.
///
/// # Errors
/// When the system gives no thread.
pub fn runtime() -> Result<Runtime, Error> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Error::Runtime)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ranklab_store::Store;

    use super::*;

    /// Each question asked by `block_on` leaves a connection that returns to the pool; none may wait for the next
    /// question, since training lies between them.
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
            assert!(Instant::now() < deadline, "{} connections are kept", store.connections_in_use());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
