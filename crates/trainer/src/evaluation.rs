//! Loss, accuracy and probabilities of images under one model. Nothing of them depends on how many images
//! or models were evaluated at once.

use crate::scores::Scores;

/// Images whose losses are added up before their sum is added to the others'. Earlier versions evaluated so
/// many at once when a trial trained alone: their sums are kept to the last bit.
const SUMMED_AT_ONCE: usize = 128;

/// Collects images in their order, in batches of any size.
#[derive(Default)]
pub(crate) struct Evaluation {
    losses: Vec<f64>,
    correct: usize,
    probabilities: Vec<f64>,
}

impl Evaluation {
    /// Adds the next images.
    pub(crate) fn add(&mut self, scores: &Scores, labels: &[u8]) {
        self.losses.extend(scores.losses(labels));
        self.correct += scores.correct(labels);
        self.probabilities.extend(scores.probabilities());
    }

    /// Mean cross-entropy.
    pub(crate) fn loss(&self) -> f64 {
        let sums = self.losses.chunks(SUMMED_AT_ONCE).map(|losses| losses.iter().sum::<f64>());
        sums.sum::<f64>() / self.count()
    }

    /// Share of images whose higher score is their label's.
    pub(crate) fn accuracy(&self) -> f64 {
        self.correct as f64 / self.count()
    }

    /// Probability of class 1, the positive one, of each image.
    pub(crate) fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// Probability of class 1, the positive one, of each image, without a copy.
    pub(crate) fn into_probabilities(self) -> Vec<f64> {
        self.probabilities
    }

    fn count(&self) -> f64 {
        self.losses.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What batches of the given size add up to, to the last bit.
    fn evaluated(scores: &[[f32; 2]], labels: &[u8], at_once: usize) -> (u64, u64, Vec<f64>) {
        let mut evaluation = Evaluation::default();
        for (scores, labels) in scores.chunks(at_once).zip(labels.chunks(at_once)) {
            evaluation.add(&Scores::of(scores.as_flattened().to_vec()), labels);
        }
        let (loss, accuracy) = (evaluation.loss().to_bits(), evaluation.accuracy().to_bits());
        (loss, accuracy, evaluation.into_probabilities())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_evaluation_is_the_same_to_the_last_bit_whatever_the_size_of_its_batches(
            scores in prop::collection::vec(prop::array::uniform2(-9.0f32..9.0), 1..700),
            at_once in 1usize..300,
        ) {
            let labels: Vec<u8> = (0..scores.len()).map(|image| (image * 7 % 3 % 2) as u8).collect();
            prop_assert_eq!(evaluated(&scores, &labels, at_once), evaluated(&scores, &labels, 128));
        }
    }
}
