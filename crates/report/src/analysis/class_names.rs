//! Names of the two classes and of what they are about.
//!
//! [`ClassNames::default`] is the only place of this crate that names a class. Settings will give the names later.

use serde::Serialize;

/// The words for the classes of a report's images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassNames {
    /// Class 0, as a heading: `Uninfected`.
    pub negative: String,
    /// Class 1, whose probability the networks give, as a heading: `Parasitized`.
    pub positive: String,
    /// What the images are photographed for: `malaria`.
    pub subject: String,
}

impl Default for ClassNames {
    fn default() -> Self {
        Self { negative: "Uninfected".into(), positive: "Parasitized".into(), subject: "malaria".into() }
    }
}

impl ClassNames {
    /// The negative class within a sentence.
    pub(crate) fn negative_word(&self) -> String {
        self.negative.to_lowercase()
    }

    /// The positive class within a sentence.
    pub(crate) fn positive_word(&self) -> String {
        self.positive.to_lowercase()
    }

    /// A class within a sentence.
    pub(crate) fn word(&self, positive: bool) -> String {
        if positive { self.positive_word() } else { self.negative_word() }
    }
}
