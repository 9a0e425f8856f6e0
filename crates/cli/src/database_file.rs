//! The name of the runs database: the path of a file. URLs are refused.

use std::path::Path;

/// Checks that a name is that of a file.
///
/// # Errors
/// When it is a URL; the reason repeats no more of it than the scheme, since a URL can hold a password.
pub(crate) fn check_database_file(name: &Path) -> Result<(), String> {
    match scheme(&name.to_string_lossy()) {
        Some(scheme) => Err(format!("{scheme}:// is not supported yet; give the path of a file")),
        None => Ok(()),
    }
}

/// The scheme of a URL (RFC 3986, section 3.1); `None` of a path.
fn scheme(name: &str) -> Option<&str> {
    let (scheme, _) = name.split_once("://")?;
    let is_valid = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    is_valid.then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_refused_without_their_passwords_and_paths_are_not() {
        for (url, scheme) in [
            ("postgres://me:secret@host/runs", "postgres"),
            ("PostgreSQL://host", "PostgreSQL"),
            ("sqlite://ranklab.db", "sqlite"),
        ] {
            let refused = check_database_file(Path::new(url)).unwrap_err();
            assert_eq!(refused, format!("{scheme}:// is not supported yet; give the path of a file"));
        }
        for path in
            ["ranklab.db", "/fast/runs.db", "postgres:/x", "a b://c", "://x", "./postgres://x", "é://"]
        {
            assert_eq!(check_database_file(Path::new(path)), Ok(()), "{path}");
        }
    }
}
