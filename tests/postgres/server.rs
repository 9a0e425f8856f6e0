//! PostgreSQL servers for tests: the one that all tests share, and servers that a test starts, kills and starts again.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use crate::command::Ranklab;

/// An empty database on a server, which vanishes with the test.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new one on the server that RANKLAB_TEST_POSTGRES names. Without that variable a line says that the test is
    /// skipped.
    pub fn new() -> Option<Self> {
        let Ok(url) = std::env::var("RANKLAB_TEST_POSTGRES") else {
            eprintln!("skipped: RANKLAB_TEST_POSTGRES names no server; `just test-postgres` starts one");
            return None;
        };
        let (server, _) = url.rsplit_once('/').unwrap();
        Some(Self::on(server, ""))
    }

    /// A new one on the server of this URL.
    pub fn on(server: &str, options: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sweep_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        run(&format!("{server}/postgres"), &format!("CREATE DATABASE {name} TEMPLATE template0 {options}"));
        Self { server: server.to_owned(), name }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    /// Its URL for another user.
    pub fn url_of(&self, user: &str) -> String {
        let (scheme, rest) = self.server.split_once("://").unwrap();
        let (_, host) = rest.rsplit_once('@').unwrap();
        format!("{scheme}://{user}@{host}/{}", self.name)
    }

    /// Runs statements in it, as its owner.
    pub fn run(&self, sql: &str) {
        run(&self.url(), sql);
    }

    /// A folder of its own for the binary, whose defaults file names this database.
    pub fn ranklab(&self) -> Ranklab {
        let ranklab = Ranklab::new();
        self.give_to(&ranklab);
        ranklab
    }

    /// Makes this database the one of a folder.
    pub fn give_to(&self, ranklab: &Ranklab) {
        fs::write(ranklab.path("ranklab.toml"), format!("database = \"{}\"\n", self.url())).unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // The server may be gone already.
        let _ = try_run(&format!("{}/postgres", self.server), &drop);
    }
}

/// Runs statements on a server, from within a runtime or not.
pub fn run(url: &str, sql: &str) {
    try_run(url, sql).unwrap();
}

fn try_run(url: &str, sql: &str) -> Result<(), sqlx::Error> {
    let (url, sql) = (url.to_owned(), sql.to_owned());
    let running = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&url).await?;
            connection.execute(AssertSqlSafe(sql)).await.map(|_| ())
        })
    });
    running.join().unwrap()
}

/// A server of one test, in a temporary folder.
pub struct Server {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Server {
    /// Starts one with the programs in the folder that RANKLAB_TEST_POSTGRES_PROGRAMS names. Without that variable a
    /// line says that the test is skipped.
    pub fn start() -> Option<Self> {
        let Some(programs) = std::env::var_os("RANKLAB_TEST_POSTGRES_PROGRAMS") else {
            eprintln!("skipped: RANKLAB_TEST_POSTGRES_PROGRAMS names no folder; `just test-postgres` does");
            return None;
        };
        // Nobody else takes this port in the moment until the server has it, as far as chance goes.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { programs: programs.into(), folder: tempfile::tempdir().unwrap(), port };
        server.give(server.folder.path());
        server
            .act("initdb", &["--auth", "trust", "--username", "ranklab", "--no-sync", "--encoding", "UTF8"]);
        server.up();
        Some(server)
    }

    /// The start of its databases' URLs.
    pub fn url(&self) -> String {
        format!("postgres://ranklab@127.0.0.1:{}", self.port)
    }

    /// A new database on it.
    pub fn database(&self) -> Database {
        Database::on(&self.url(), "")
    }

    /// A file of its data folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    /// A folder beside its data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets the server's user own a folder.
    pub fn give(&self, folder: &Path) {
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(folder).status().unwrap().success());
        }
    }

    /// Ends all its processes at once, as a crash does.
    pub fn kill(&self) {
        self.act("pg_ctl", &["-m", "immediate", "stop"]);
    }

    /// Starts it again after [`Server::kill`].
    pub fn up(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=40",
            self.port,
            self.folder.path().display()
        );
        let log = self.folder.path().join("log");
        self.act("pg_ctl", &["-w", "-l", log.to_str().unwrap(), "-o", &options, "start"]);
    }

    /// Reads its configuration files again.
    pub fn reload(&self) {
        self.act("pg_ctl", &["reload"]);
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let path = self.programs.join(program);
        // The server refuses to run as root; Debian's package makes a user for it.
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.arg("-D").arg(self.file("")).args(arguments).current_dir("/");
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        command
    }

    fn act(&self, program: &str, arguments: &[&str]) {
        assert!(self.command(program, arguments).status().unwrap().success(), "{program} {arguments:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl", &["-m", "immediate", "stop"]);
        // It may be stopped already.
        let _ = stop.stderr(std::process::Stdio::null()).status();
    }
}

fn is_root() -> bool {
    let user = Command::new("id").arg("-u").output().unwrap();
    user.stdout == b"0\n"
}
