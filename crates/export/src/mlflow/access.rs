//! How a server is shown who asks.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What a server is shown with each request.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    #[default]
    Open,
    /// A user and a password (RFC 7617).
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// A token (RFC 6750).
    Token(String),
}

impl Access {
    /// The value of the header `Authorization`.
    pub(super) fn header(&self) -> Option<String> {
        match self {
            Self::Open => None,
            Self::Password { user, password } => {
                Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
            }
            Self::Token(token) => Some(format!("Bearer {token}")),
        }
    }
}

/// Shows no secret.
impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Open => "Open",
            Self::Password { .. } => "Password",
            Self::Token(_) => "Token",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7617, 2.
    #[test]
    fn user_and_password_are_encoded_and_not_shown() {
        let access = Access::Password { user: "Aladdin".into(), password: "open sesame".into() };
        assert_eq!(access.header().as_deref(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert_eq!(format!("{access:?}"), "Password");
        assert_eq!(Access::Token("t".into()).header().as_deref(), Some("Bearer t"));
        assert_eq!(Access::Open.header(), None);
    }
}
