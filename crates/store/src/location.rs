//! The location of a runs database: a file, or a database of a PostgreSQL server.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The location of a runs database. Messages show it, without a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Location(Arc<Kind>);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    File(PathBuf),
    /// The URL as it was given, and as it is shown.
    Server {
        url: String,
        shown: String,
    },
}

impl Location {
    /// The location of the database in this file, which need not exist yet.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Kind::File(path.into())))
    }

    /// The location that a user typed: a URL that begins with `postgres://` or `postgresql://`, or the path of a file.
    ///
    /// # Errors
    /// When it is a URL of another scheme; the reason repeats no more of it than the scheme, since a URL can hold a
    /// password.
    pub fn parse(name: &Path) -> Result<Self, String> {
        let text = name.to_string_lossy();
        match scheme(&text).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(Self::file(name)),
            Some("postgres" | "postgresql") => {
                Ok(Self(Arc::new(Kind::Server { shown: without_password(&text), url: text.into_owned() })))
            }
            Some(scheme) => Err(format!(
                "{scheme}:// is not supported; give the path of a file, or postgres://USER@HOST/DATABASE"
            )),
        }
    }

    /// The database's file; `None` for a database of a server.
    pub fn as_file(&self) -> Option<&Path> {
        match &*self.0 {
            Kind::File(path) => Some(path),
            Kind::Server { .. } => None,
        }
    }

    /// The URL of a database of a server, with the password that it was given with, for the environment of a program that
    /// this one starts; `None` for a file. Messages and files take [`Location`]'s text.
    pub fn url(&self) -> Option<&str> {
        match &*self.0 {
            Kind::File(_) => None,
            Kind::Server { url, .. } => Some(url),
        }
    }

    /// The database's file. A database of a server has none: the path is empty then.
    pub(crate) fn path(&self) -> &Path {
        self.as_file().unwrap_or(Path::new(""))
    }

    /// The file beside the database that has its name and this ending.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path().as_os_str().to_owned();
        name.push(ending);
        name.into()
    }
}

/// The scheme of a URL (RFC 3986, section 3.1); `None` of a path.
fn scheme(name: &str) -> Option<&str> {
    let (scheme, _) = name.split_once("://")?;
    let is_valid = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    is_valid.then_some(scheme)
}

/// A word of a command line as it may be recorded: without the password of a URL of a PostgreSQL server in it.
pub fn without_secret(word: &str) -> String {
    let begin = ["postgres://", "postgresql://"]
        .iter()
        .filter_map(|scheme| word.to_ascii_lowercase().find(scheme))
        .min();
    match begin {
        Some(begin) => format!("{}{}", &word[..begin], without_password(&word[begin..])),
        None => word.to_owned(),
    }
}

/// A URL without its password, which stands between the first colon and the last `@` of its authority, or in its query.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password that is not encoded can hold those letters: then the authority ends at the last `@`.
    let end = rest
        .rfind('@')
        .map_or(end, |at| end.max(at + rest[at..].find(['/', '?', '#']).unwrap_or(rest.len() - at)));
    let (authority, path) = rest.split_at(end);
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => authority.to_owned(),
    };
    let path = match path.split_once('?') {
        Some((path, query)) => {
            let shown: Vec<&str> =
                query.split('&').filter(|part| !part.to_ascii_lowercase().contains("password")).collect();
            if shown.is_empty() { path.to_owned() } else { format!("{path}?{}", shown.join("&")) }
        }
        None => path.to_owned(),
    };
    format!("{scheme}://{authority}{path}")
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::File(path) => path.display().fmt(formatter),
            Kind::Server { shown, .. } => formatter.write_str(shown),
        }
    }
}

/// Without a password, as in messages.
impl fmt::Debug for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Location({self})")
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self::file(path)
    }
}

impl From<&Location> for Location {
    fn from(location: &Location) -> Self {
        location.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> Result<Location, String> {
        Location::parse(Path::new(name))
    }

    #[test]
    fn a_location_shows_its_path_and_names_the_files_beside_it() {
        let location = Location::from(Path::new("runs/ranklab.db"));
        assert_eq!(location.to_string(), "runs/ranklab.db");
        assert_eq!(location.beside("-wal"), Path::new("runs/ranklab.db-wal"));
        assert_eq!(location, Location::file("runs/ranklab.db"));
        assert_eq!((location.as_file(), location.url()), (Some(Path::new("runs/ranklab.db")), None));
    }

    #[test]
    fn a_server_is_shown_without_its_password() {
        for (url, shown) in [
            ("postgres://me:secret@host:5433/runs", "postgres://me@host:5433/runs"),
            ("PostgreSQL://me@host/runs", "PostgreSQL://me@host/runs"),
            ("postgres:///runs?host=/run/pg&password=secret", "postgres:///runs?host=/run/pg"),
            ("postgres:///runs?sslpassword=secret", "postgres:///runs"),
            ("postgres://me:se/c@ret@host/runs?a=b", "postgres://me@host/runs?a=b"),
            ("postgres://host", "postgres://host"),
        ] {
            let location = parse(url).unwrap();
            assert_eq!(location.to_string(), shown);
            assert_eq!(location.url(), Some(url));
            assert!(!format!("{location:?}").contains("secret"));
            assert_eq!(location.as_file(), None);
        }
    }

    #[test]
    fn a_recorded_word_holds_no_password() {
        assert_eq!(
            without_secret("--database=postgres://me:secret@host/runs"),
            "--database=postgres://me@host/runs"
        );
        assert_eq!(without_secret("postgresql://me:secret@host/runs"), "postgresql://me@host/runs");
        assert_eq!(without_secret("rank=1,5"), "rank=1,5");
    }

    #[test]
    fn other_urls_are_refused_and_paths_are_files() {
        let refused = parse("mysql://me:secret@host/runs").unwrap_err();
        let expected = "mysql:// is not supported; give the path of a file, or postgres://USER@HOST/DATABASE";
        assert_eq!(refused, expected);
        for path in
            ["ranklab.db", "/fast/runs.db", "postgres:/x", "a b://c", "://x", "./postgres://x", "é://"]
        {
            assert_eq!(parse(path), Ok(Location::file(path)), "{path}");
        }
    }
}
