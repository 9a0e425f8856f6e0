//! Warnings that no reader may miss.

use crate::analysis::Analysis;

use super::convergence;

/// The warnings of a report: a word and a sentence each.
pub(crate) fn banners(analysis: &Analysis) -> Vec<(&'static str, String)> {
    let mut banners = Vec::new();
    if analysis.is_synthetic() {
        banners.push((
            "SYNTHETIC",
            "Images were generated, not photographed. The figures show that the software works, and nothing about real images."
                .to_owned(),
        ));
    }
    if analysis.has_random_weights() {
        banners.push((
            "RANDOM WEIGHTS",
            "A trunk was not pretrained. The figures say nothing about fine-tuning VGG16.".to_owned(),
        ));
    }
    banners.extend(convergence::banner(analysis).map(|sentence| ("NOT CONVERGED", sentence)));
    banners
}
