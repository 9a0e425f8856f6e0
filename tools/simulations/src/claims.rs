//! What an analysis claims about two configurations of a study, and whether it is so.

use crate::study::Truth;

/// Significance level of every claim, after Holm's correction.
pub const ALPHA: f64 = 0.05;

/// Which of two configurations is claimed to be less accurate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The reference.
    Reference,
    /// The other one.
    Other,
}

/// What is claimed about a configuration compared with a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Place of the reference.
    pub reference: usize,
    /// Place of the other configuration.
    pub other: usize,
    /// The one that is claimed to be worse, if any.
    pub worse: Option<Side>,
    /// Whether both are claimed to be the same within the margin.
    pub equivalent: bool,
    /// Whether the other is claimed to be less than the margin worse.
    pub noninferior: bool,
}

impl Claim {
    /// Whether anything is claimed.
    pub fn is_any(&self) -> bool {
        self.worse.is_some() || self.equivalent || self.noninferior
    }

    /// Whether a difference is claimed where there is none.
    pub fn is_false_difference(&self, truth: &Truth) -> bool {
        self.worse.is_some() && self.loss(truth) == 0.0
    }

    /// Whether equivalence is claimed where the difference is the margin or more.
    pub fn is_false_equivalence(&self, truth: &Truth, margin: f64) -> bool {
        self.equivalent && self.loss(truth).abs() >= margin
    }

    /// Whether non-inferiority is claimed where the loss is the margin or more.
    pub fn is_false_noninferiority(&self, truth: &Truth, margin: f64) -> bool {
        self.noninferior && self.loss(truth) >= margin
    }

    /// Whether a configuration that loses accuracy is found worse than one that loses less.
    pub fn finds_loss(&self, truth: &Truth) -> bool {
        match self.worse {
            Some(Side::Other) => self.loss(truth) > 0.0,
            Some(Side::Reference) => self.loss(truth) < 0.0,
            None => false,
        }
    }

    fn loss(&self, truth: &Truth) -> f64 {
        truth.losses[self.other] - truth.losses[self.reference]
    }
}
