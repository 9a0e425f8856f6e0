//! Rejected images and the reasons.

use std::fmt;

/// The reason why an image is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// An earlier image of its class has the same bytes.
    Duplicate {
        /// The earlier image.
        of: String,
    },
    /// An image of the other class has the same bytes, so neither label is reliable.
    Contradicting {
        /// An image of the other class.
        of: String,
    },
    /// The file is not a complete image.
    Unreadable {
        /// Why.
        problem: String,
    },
    /// The folder belongs to neither class.
    Unlabelled {
        /// Name of the positive class.
        positive: String,
        /// Name of the negative class.
        negative: String,
    },
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { of } => write!(formatter, "duplicate of {of}"),
            Self::Contradicting { of } => {
                write!(formatter, "contradicting label: {of} of the other class has the same bytes")
            }
            Self::Unreadable { problem } => write!(formatter, "unreadable: {problem}"),
            Self::Unlabelled { positive, negative } => {
                write!(formatter, "its folder is neither {positive} nor {negative}")
            }
        }
    }
}

/// A rejected image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Name within its folder or zip.
    pub name: String,
    /// Why.
    pub reason: Rejection,
}
