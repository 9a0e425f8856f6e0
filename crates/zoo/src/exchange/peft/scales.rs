//! One scaling for all adapters of an import.

use ranklab_settings::Scaling;

/// The factor on one adapter in PEFT's terms.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeftScale {
    pub(super) alpha: f64,
    pub(super) rank: usize,
    /// alpha / √rank instead of alpha / rank.
    pub(super) rank_stabilised: bool,
}

impl PeftScale {
    /// Refuses a scale that single precision, in which networks compute, does not hold.
    pub(super) fn check(self, module: &str) -> Result<(), String> {
        let is_held = |number: f64| (number as f32).is_finite();
        match is_held(self.alpha) && is_held(self.factor()) {
            true => Ok(()),
            false => Err(format!(
                "adapter_config.json says alpha {} for `{module}`, which is too large for single precision",
                self.alpha
            )),
        }
    }

    /// The factor.
    fn factor(self) -> f64 {
        let rank = self.rank as f64;
        self.alpha / if self.rank_stabilised { rank.sqrt() } else { rank }
    }
}

/// Our settings for these adapters: scaling, alpha, and what each B is to be multiplied with, because several alphas
/// have no place in our settings.
pub(super) fn settings(scales: &[PeftScale]) -> (Scaling, f64, Vec<f64>) {
    let plain = vec![1.0; scales.len()];
    if scales.iter().all(|scale| scale.factor() == 1.0) {
        return (Scaling::One, 1.0, plain);
    }
    match scales {
        [first, rest @ ..] if first.alpha > 0.0 && rest.iter().all(|scale| scale.alpha == first.alpha) => {
            let stabilised = first.rank_stabilised;
            let scaling = if stabilised { Scaling::AlphaOverSqrtRank } else { Scaling::AlphaOverRank };
            (scaling, first.alpha, plain)
        }
        _ => (Scaling::One, 1.0, scales.iter().map(|scale| scale.factor()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alpha_stays_and_several_go_into_the_factors() {
        let scale = |alpha, rank| PeftScale { alpha, rank, rank_stabilised: false };
        assert_eq!(settings(&[scale(4.0, 4), scale(8.0, 8)]), (Scaling::One, 1.0, vec![1.0, 1.0]));
        let alike = settings(&[scale(16.0, 4), scale(16.0, 8)]);
        assert_eq!(alike, (Scaling::AlphaOverRank, 16.0, vec![1.0, 1.0]));
        assert_eq!(settings(&[scale(16.0, 4), scale(4.0, 8)]), (Scaling::One, 1.0, vec![4.0, 0.5]));
        assert_eq!(settings(&[scale(0.0, 4)]), (Scaling::One, 1.0, vec![0.0]));
        let stabilised = PeftScale { rank_stabilised: true, ..scale(8.0, 16) };
        assert_eq!(settings(&[stabilised]), (Scaling::AlphaOverSqrtRank, 8.0, vec![1.0]));
        let other = PeftScale { alpha: 4.0, ..stabilised };
        assert_eq!(settings(&[stabilised, other]), (Scaling::One, 1.0, vec![2.0, 1.0]));
    }
}
