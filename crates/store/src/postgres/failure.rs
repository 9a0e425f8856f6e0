//! PostgreSQL's error codes as errors of ours. <https://www.postgresql.org/docs/current/errcodes-appendix.html>

use std::error::Error as StdError;
use std::fmt;

use super::driver::Failure;
use crate::error::Error;
use crate::location::Location;

/// What to do about a server that does not answer.
pub(super) const CHECK: &str = "check that its server runs and that the network leads there";

/// Turns a driver's error into one of ours.
pub(crate) fn classify(failure: Failure, location: &Location) -> Error {
    let location = location.clone();
    let server = |happened: String, advice: &'static str| Error::Server {
        location: location.clone(),
        happened,
        advice,
    };
    if is_conflict(&failure) {
        return Error::Conflict { location, reason: words(&failure) };
    }
    if is_away(&failure) {
        let advice = match code(&failure).as_deref() {
            Some("53300") => "raise the server's max_connections or the user's limit, or run fewer workers",
            Some(code) if code.starts_with("57P") => "wait until its server runs again",
            _ => CHECK,
        };
        return Error::Away { location, reason: words(&failure), advice, waited: None };
    }
    let said = words(&failure);
    match (&failure, code(&failure).as_deref()) {
        (Failure::Configuration(_), _) => server(
            format!("is no address of a PostgreSQL database ({said})"),
            "write it as postgres://USER@HOST:PORT/DATABASE",
        ),
        (Failure::Tls(_), _) => server(
            format!("cannot be reached over an encrypted connection ({said})"),
            "set up TLS on its server, or change sslmode and sslrootcert in the URL",
        ),
        (Failure::AnyDriverError(_), _) => server(said, "repeat the command to continue"),
        (_, Some("55P03")) => Error::Locked { location, holder: None, waited: None },
        (_, Some("53100")) => server(
            format!("has no space left on its server's disk ({said})"),
            "free some there and repeat the command",
        ),
        (_, Some("25006")) => {
            server(format!("takes no records ({said})"), "give the URL of a server that may be written")
        }
        (_, Some("28P01" | "28000")) => server(
            format!("refuses this user or password ({said})"),
            "correct the user of the URL, or the password in PGPASSWORD or ~/.pgpass",
        ),
        (_, Some("3D000")) => {
            server(format!("is not there ({said})"), "create it with `createdb`, or correct the URL")
        }
        (_, Some("42501" | "3F000")) => server(
            format!("does not let this user do that ({said})"),
            "make the user the owner of the database",
        ),
        _ => Error::Database { location, reason: said },
    }
}

/// Whether a statement would have written in a transaction for reading.
pub(crate) fn is_refused_write(failure: &Failure) -> bool {
    code(failure).as_deref() == Some("25006")
}

/// Whether another transaction holds the lock.
pub(super) fn is_locked(failure: &Failure) -> bool {
    code(failure).as_deref() == Some("55P03")
}

/// Whether the server cannot be reached, ends or starts, or has no connection left: later the same may succeed.
pub(super) fn is_away(failure: &Failure) -> bool {
    match failure {
        Failure::Io(_) | Failure::PoolTimedOut | Failure::Protocol(_) | Failure::WorkerCrashed => true,
        Failure::Database(_) => code(failure).is_some_and(|code| {
            code.starts_with("08") || ["57P01", "57P02", "57P03", "57P05", "53300"].contains(&code.as_str())
        }),
        _ => false,
    }
}

/// Whether the transaction was given up for another one, and would succeed when it is repeated.
fn is_conflict(failure: &Failure) -> bool {
    matches!(code(failure).as_deref(), Some("40001" | "40P01"))
}

/// The code of what the server reported.
pub(super) fn code(failure: &Failure) -> Option<String> {
    failure.as_database_error()?.code().map(Into::into)
}

/// What happened, in one line.
pub(super) fn words(failure: &Failure) -> String {
    let text = match failure {
        Failure::Database(database) => database.message().to_owned(),
        Failure::Io(problem) => problem.to_string(),
        Failure::PoolTimedOut => "no connection within the time".to_owned(),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The answer to a commit was lost, and so was the server that could say what became of it.
#[derive(Debug)]
struct Unknown;

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("went away while something was recorded, and did not come back")
    }
}

impl StdError for Unknown {}

/// It is not known whether a transaction was committed. Nothing repeats it.
pub(super) fn unknown() -> Failure {
    Failure::AnyDriverError(Box::new(Unknown))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_server_that_is_not_reached_is_away_and_a_wrong_address_is_not() {
        let location = Location::parse(Path::new("postgres://me:secret@host/runs")).unwrap();
        let refused = || Failure::Io(io::Error::new(io::ErrorKind::ConnectionRefused, "refused\nagain"));
        assert!(is_away(&refused()));
        let error = classify(refused(), &location);
        assert_eq!(
            error.to_string(),
            "the runs database postgres://me@host/runs cannot be reached: refused again; check that its server runs \
             and that the network leads there, then repeat the command"
        );
        assert!(!is_away(&unknown()));
        let error = classify(Failure::Configuration("no port".into()), &location);
        assert!(error.to_string().contains("write it as postgres://"), "{error}");
    }
}
