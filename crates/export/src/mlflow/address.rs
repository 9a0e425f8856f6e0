//! The address of an MLflow server.

use std::fmt;

use crate::error::{Error, Result};

/// The address of a server, with a path where it does not stand at the root: `https://lab.example/mlflow`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// Reads an address as it is typed.
    ///
    /// # Errors
    /// When it is not an http or https address, and when it holds a user or a password.
    pub fn parse(text: &str) -> Result<Self> {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let reason = match rest {
            None => Some("it does not begin with http:// or https://"),
            Some(rest) => fault(rest),
        };
        match reason {
            None => Ok(Self(text.trim_end_matches('/').to_owned())),
            // A password would be shown.
            Some(reason) if text.contains('@') => Err(Error::Address { address: "…".to_owned(), reason }),
            Some(reason) => Err(Error::Address { address: text.to_owned(), reason }),
        }
    }

    /// The address of something on the server.
    pub(super) fn of(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// What is wrong with an address behind its scheme.
fn fault(rest: &str) -> Option<&'static str> {
    let host = rest.split('/').next().unwrap_or_default();
    if host.contains('@') {
        return Some("it holds a user; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD instead");
    }
    if rest.contains(['?', '#']) || rest.contains(char::is_whitespace) {
        return Some("it holds more than a host, a port and a path");
    }
    host.is_empty().then_some("it names no host")
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_port_and_a_path() {
        let address = Address::parse("https://lab.example:5000/mlflow/").unwrap();
        assert_eq!(address.of("/api/2.0"), "https://lab.example:5000/mlflow/api/2.0");
    }

    #[test]
    fn what_is_no_server_is_refused_without_showing_a_password() {
        for (text, expected) in [
            ("sqlite:///mlflow.db", "begin with http://"),
            ("mlruns", "begin with http://"),
            ("http:///x", "it names no host"),
            ("http://host?x=1", "more than a host"),
            ("http://me:secret@host", "it holds a user"),
        ] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("secret"), "{error}");
        }
    }
}
