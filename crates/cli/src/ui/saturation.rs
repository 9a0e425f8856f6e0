//! The warning of probabilities that rank nothing.

use ranklab_stats::{Saturation, saturation};

/// What to do about a network whose probabilities rank nothing.
const ADVICE: &str = "use another run, or train with a lower learning rate (`lr=`)";

/// The warning of these probabilities, in one line; `None` where they rank their images.
pub(crate) fn saturation_warning(probabilities: &[f64]) -> Option<String> {
    let count = probabilities.len();
    Some(match saturation(probabilities)? {
        Saturation::Equal(probability) => format!(
            "WARNING: all {count} images have the same probability, {probability:.4}: the network does not rank them (AUC 0.5); \
             {ADVICE}"
        ),
        Saturation::Extreme => format!(
            "WARNING: all {count} probabilities are 0 or 1 in single precision: the network hardly ranks the images, so that \
             AUC and threshold say little; {ADVICE}"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_is_one_line_with_the_count_and_the_probability() {
        let equal = saturation_warning(&[1.0; 7]).unwrap();
        assert!(equal.starts_with("WARNING: all 7 images have the same probability, 1.0000: "), "{equal}");
        let extreme = saturation_warning(&[0.0, 1.0, 0.0, 1.0, 1.0]).unwrap();
        assert!(
            extreme.starts_with("WARNING: all 5 probabilities are 0 or 1 in single precision"),
            "{extreme}"
        );
        assert!(!equal.contains('\n') && !extreme.contains('\n'));
        assert_eq!(saturation_warning(&[0.1, 0.2, 0.3, 0.4, 0.5]), None);
    }
}
