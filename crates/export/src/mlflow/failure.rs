//! Failures of requests: those that may pass when a request is repeated, and those that stay.

use crate::error::{Error, Kept};

use super::address::Address;

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The method and the path.
    pub(super) request: String,
    pub(super) cause: Cause,
    /// Whether repeating the request may help.
    pub(super) may_pass: bool,
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// No answer came.
    Away(String),
    /// The server failed, or is busy.
    Server(String),
    /// It wants to know who asks.
    Unauthorized(String),
    /// It refused: MLflow's error code and its message.
    Refused { code: String, message: String },
    /// The answer is not one of MLflow's.
    NoMlflow(String),
}

impl Failure {
    /// A failure that repeating may help against.
    pub(super) fn passing(request: &str, cause: Cause) -> Self {
        Self { request: request.to_owned(), cause, may_pass: true }
    }

    /// A failure that stays.
    pub(super) fn lasting(request: &str, cause: Cause) -> Self {
        Self { request: request.to_owned(), cause, may_pass: false }
    }

    /// The same failure once it was repeated often enough.
    pub(super) fn settled(self) -> Self {
        Self { may_pass: false, ..self }
    }

    /// Whether the server refused for this reason of its own.
    pub(super) fn is_refusal(&self, expected: &str) -> bool {
        matches!(&self.cause, Cause::Refused { code, .. } if code == expected)
    }

    /// The error for people.
    pub(super) fn error(self, server: &Address) -> Error {
        let (server, request, kept) = (server.to_string(), self.request, Kept::default());
        match self.cause {
            Cause::Away(reason) => Error::Away { server, reason, kept },
            Cause::Server(reason) => Error::Failed { server, request, reason, kept },
            Cause::Unauthorized(reason) => Error::Unauthorized { server, reason, kept },
            Cause::Refused { message, .. } => Error::Refused { server, request, reason: message, kept },
            Cause::NoMlflow(reason) => Error::NoMlflow { server, request, reason, kept },
        }
    }
}
