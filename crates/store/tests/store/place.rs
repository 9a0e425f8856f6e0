//! Where the tests' databases are: in files, or on the PostgreSQL server that RANKLAB_TEST_POSTGRES names.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ranklab_store::{Location, Store};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

/// A folder or a database of a server, which vanishes with the test.
pub(crate) enum Place {
    Folder(#[allow(dead_code)] TempDir),
    Server { url: String, name: String },
}

/// The URL of the server for tests, with a database that others are made from.
pub(crate) fn server() -> Option<String> {
    std::env::var("RANKLAB_TEST_POSTGRES").ok()
}

/// A database that does not exist yet, in a file; or an empty one on the server where there is one for tests.
pub(crate) fn place() -> (Place, Location) {
    match server() {
        Some(url) => server_place(url),
        None => {
            let (folder, path) = file_place();
            (Place::Folder(folder), path.into())
        }
    }
}

/// A folder that vanishes with the test and the path of a database in it that does not exist yet.
pub(crate) fn file_place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs").join("ranklab.db");
    (folder, path)
}

/// An empty database on this server.
pub(crate) fn server_place(url: String) -> (Place, Location) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    run(&url, &format!("CREATE DATABASE {name} TEMPLATE template0"));
    let location = of_server(&url, &name);
    (Place::Server { url, name }, location)
}

/// A database of this server.
pub(crate) fn of_server(url: &str, name: &str) -> Location {
    let (server, query) = url.split_once('?').unwrap_or((url, ""));
    let (server, _) = server.rsplit_once('/').unwrap();
    Location::parse(Path::new(&format!("{server}/{name}?{query}"))).unwrap()
}

/// The file of a store whose database is one.
pub(crate) fn file(store: &Store) -> PathBuf {
    store.location().as_file().unwrap().to_owned()
}

/// Runs a statement on a server, from within a runtime or not.
pub(crate) fn run(url: &str, sql: &str) {
    let (url, sql) = (url.to_owned(), sql.to_owned());
    let running = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            connection.execute(AssertSqlSafe(sql)).await.unwrap();
        });
    });
    running.join().unwrap();
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Server { url, name } = self {
            run(url, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}
