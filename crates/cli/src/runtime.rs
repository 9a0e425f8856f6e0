//! The asynchronous runtime of commands that use the database.

/// Runs a future to its end on this thread.
///
/// # Errors
/// That of the future, and when no runtime can be created.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}
