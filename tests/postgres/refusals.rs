//! What a server refuses is one line that names the database without its password and says what to do next.

use std::fs;

use super::server::{Server, run};
use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::errors,
};

/// The password of the users that need one. No output may hold it.
const PASSWORD: &str = "right-horse";
const WRONG: &str = "wrong-horse";

/// Runs a command on the database at this URL, which must fail in one line with these words and the location.
fn refused(url: &str, arguments: &[&str], words: &str) {
    let ranklab = Ranklab::new();
    let output = ranklab.command(arguments).env("RANKLAB_DATABASE", url).output().unwrap();
    let line = failed(&output);
    let shown = url.replace(&format!(":{PASSWORD}@"), "@").replace(&format!(":{WRONG}@"), "@");
    assert!(line.contains(words) && line.contains(&shown), "{arguments:?} on {shown}: {line}");
    let all = errors(&output) + &String::from_utf8_lossy(&output.stdout);
    assert!(!all.contains("horse"), "{all}");
}

/// Holds of a command that reads and of one that writes.
fn refused_by_all(url: &str, words: &str) {
    refused(url, &["runs"], words);
    refused(url, &Ranklab::sweep_arguments(&["rank=1"]), words);
}

/// Users with a password, without rights, without connections, and one whom the server turns away.
fn with_users(server: &Server) {
    run(
        &format!("{}/postgres", server.url()),
        &format!(
            "CREATE ROLE keyed LOGIN PASSWORD '{PASSWORD}'; CREATE ROLE denied LOGIN; CREATE ROLE stranger LOGIN;
             CREATE ROLE reader LOGIN; CREATE ROLE crowd LOGIN CONNECTION LIMIT 0;"
        ),
    );
    let rules = "host all keyed 127.0.0.1/32 scram-sha-256\nhost all denied 127.0.0.1/32 reject\n\
                 host all all 127.0.0.1/32 trust\n";
    fs::write(server.file("pg_hba.conf"), rules).unwrap();
    server.reload();
}

#[test]
fn what_a_server_refuses_is_one_line_without_the_password_that_says_what_to_do() {
    let Some(server) = Server::start() else { return };
    with_users(&server);
    let database = server.database();
    let users = "correct the user of the URL, or the password in PGPASSWORD or ~/.pgpass";
    refused_by_all(&database.url_of(&format!("keyed:{WRONG}")), users);
    refused_by_all(&database.url_of("keyed"), users);
    refused_by_all(&database.url_of(&format!("nobody:{PASSWORD}")), users);
    refused_by_all(&database.url_of(&format!("denied:{PASSWORD}")), users);
    let unknown = format!("postgres://keyed:{PASSWORD}@127.0.0.1:1/runs");
    refused_by_all(&unknown, "check that its server runs and that the network leads there");
    let unknown = format!("postgres://keyed:{PASSWORD}@no-such-host.invalid/runs");
    refused_by_all(&unknown, "check that its server runs and that the network leads there");
    let missing = database.url_of(&format!("stranger:{PASSWORD}")).replace(database.name(), "there_is_none");
    refused_by_all(&missing, "create it with `createdb`, or correct the URL");
    let crowd = database.url_of(&format!("crowd:{PASSWORD}"));
    refused_by_all(&crowd, "raise the server's max_connections or the user's limit, or run fewer workers");
    refused_by_all(
        &format!("{}?sslmode=require", database.url()),
        "set up TLS on its server, or change sslmode",
    );
    // Who may not make tables finds an empty database.
    let stranger = database.url_of("stranger");
    refused(&stranger, &["runs"], "is empty; run `ranklab sweep` first");
    refused(&stranger, &Ranklab::sweep_arguments(&["rank=1"]), "make the user the owner of the database");
    database.run("CREATE TABLE recipes (name TEXT)");
    refused_by_all(&database.url(), "holds tables of another program; create a database of its own");
}

#[test]
fn a_newer_schema_is_refused_by_every_command() {
    let Some(server) = Server::start() else { return };
    let database = server.database();
    let ranklab = database.ranklab();
    succeeded(&ranklab.sweep(&["rank=1"]));
    database.run("INSERT INTO _ranklab_schema (version, description) VALUES (900, 'later')");
    let sweep = Ranklab::sweep_arguments(&["rank=2"]);
    for command in [&["runs"][..], &["report"], &["query", "select 1"], &sweep, &["database", "show"]] {
        refused(&database.url(), command, "has schema 900, newer than the ");
    }
    let line = failed(&ranklab.run(&["runs"]));
    assert!(line.ends_with("; update ranklab"), "{line}");
}

#[test]
fn a_user_who_may_only_read_reads_everything_and_writes_nothing() {
    let Some(server) = Server::start() else { return };
    with_users(&server);
    let database = server.database();
    let ranklab = database.ranklab();
    succeeded(&ranklab.sweep(&["rank=1"]));
    let before = ranklab.figures();
    database.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
    let reader = database.url_of("reader");
    let as_reader =
        |arguments: &[&str]| ranklab.command(arguments).env("RANKLAB_DATABASE", &reader).output().unwrap();
    for look in [
        &["runs"][..],
        &["runs", "show", "1"],
        &["query", "select * from leaderboard"],
        &["report", "--no-pictures"],
        &["check"],
        &["sweeps"],
        &["verify", "1", "-q"],
    ] {
        let output = as_reader(look);
        succeeded(&output);
        // A report that looks at results is recorded with its sweep: a note says that this one is not.
        let notes = errors(&output).matches("permission denied").count();
        assert_eq!(notes, usize::from(look[0] == "report"), "{look:?}");
    }
    for write in [&Ranklab::sweep_arguments(&["rank=2"])[..], &["runs", "rm", "1", "--yes"]] {
        let line = failed(&as_reader(write));
        assert!(line.contains("does not let this user do that (permission denied"), "{write:?}: {line}");
        assert!(line.ends_with("make the user the owner of the database"), "{line}");
    }
    // A server that may only be read, as a standby is.
    database.run(&format!(
        "ALTER ROLE ranklab IN DATABASE {} SET default_transaction_read_only = on",
        database.name()
    ));
    let line = failed(&ranklab.sweep(&["rank=2"]));
    assert!(
        line.contains("takes no records") && line.ends_with("give the URL of a server that may be written"),
        "{line}"
    );
    assert!(ranklab.figures() == before);
}

#[test]
fn a_password_works_from_the_environment_and_the_url_and_is_recorded_nowhere() {
    let Some(server) = Server::start() else { return };
    with_users(&server);
    let database = server.database();
    database.run("GRANT ALL ON SCHEMA public TO keyed");
    let ranklab = database.ranklab();
    let with_password = database.url_of(&format!("keyed:{PASSWORD}"));
    let arguments = [&Ranklab::sweep_arguments(&["rank=1"])[..], &["--database", &with_password]].concat();
    let output = ranklab.run(&arguments);
    assert!(!(succeeded(&output) + &errors(&output)).contains("horse"));
    let mut command = ranklab.command(&Ranklab::sweep_arguments(&["rank=2"]));
    let output = command
        .env("RANKLAB_DATABASE", database.url_of("keyed"))
        .env("PGPASSWORD", PASSWORD)
        .output()
        .unwrap();
    assert!(!(succeeded(&output) + &errors(&output)).contains("horse"));
    assert_eq!(ranklab.value("select count(*) from runs"), "2");
    let commands = ranklab.stdout(&["query", "select command from sweeps order by id", "--format", "csv"]);
    assert!(commands.contains(&database.url_of("keyed")) && !commands.contains("horse"), "{commands}");
    let shown = ranklab.stdout(&["database", "show", "--database", &with_password]);
    assert!(shown.contains("keyed@") && !shown.contains("horse"), "{shown}");
    // No file of the runs folder holds it.
    let found =
        std::process::Command::new("grep").args(["-rl", "horse"]).arg(ranklab.path("runs")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}
