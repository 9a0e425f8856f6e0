//! A process that holds a lock on the runs database, and its name in messages.

use std::fmt;

/// A process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub process: u32,
    /// The name of its program.
    pub program: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "process {} ({})", self.process, self.program)
    }
}

/// Names the holder of a lock in a message.
pub(crate) fn by(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "by another process".to_owned(), |holder| format!("by {holder}"))
}
