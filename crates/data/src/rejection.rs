//! Why images are left out.

use std::fmt;

/// Why an image was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The same bytes as an earlier image of its class.
    Duplicate {
        /// The image that stays.
        of: String,
    },
    /// The same bytes as an image of the other class: neither label is to be believed.
    Contradicting {
        /// An image of the other class.
        of: String,
    },
    /// Not a whole PNG.
    Unreadable {
        /// Why.
        problem: String,
    },
    /// In a folder of neither class.
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

/// An image that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Name within its folder or zip.
    pub name: String,
    /// Why.
    pub reason: Rejection,
}
