//! The spreads that a comparison's power follows from, estimated from a comparison that was made or assumed.

use serde::{Deserialize, Serialize};

use crate::difference::{Components, MeanDifference};

/// Spreads of accuracy, in shares, as standard deviations. A comparison of two configurations on as many patients, with as
/// many seeds each, has the variance `patient_spread² / J + network_spread² / (J · S) + 2 · seed_luck² / S`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assumptions {
    /// Patients, weighed by their cells ([`crate::Concentration::effective`]).
    pub patients: f64,
    /// How much patients differ in the difference of the two, whatever the seeds.
    pub patient_spread: f64,
    /// How much single networks add to that: which of a patient's cells a network gets right is partly chance.
    pub network_spread: f64,
    /// How much networks of different seeds differ in accuracy on all patients alike.
    pub seed_luck: f64,
    /// Degrees of freedom that each seed beyond the first adds to what is known of the luck: 2 of a pair, as many as
    /// configurations where the family has more luck than the pair.
    pub freedom_per_seed: f64,
    /// The least standard error: that of one cell that one of two configurations gets right and the other does not.
    pub least_error: f64,
}

impl Assumptions {
    /// The spreads that a comparison shows, whatever difference it found. `None` of different cells and where a side has one
    /// seed, which shows nothing of luck.
    pub fn of(found: &MeanDifference) -> Option<Self> {
        let components: Components = found.components?;
        let seeds = components.seeds?;
        let patients = found.concentration.effective;
        // Two equal numbers of seeds that make as sure a difference.
        let each = 2.0 / found.seeds.iter().map(|seeds| 1.0 / *seeds as f64).sum::<f64>();
        let interaction = components.interaction.min(components.patients.variance);
        Some(Self {
            patients,
            patient_spread: ((components.patients.variance - interaction) * patients).sqrt(),
            network_spread: (interaction * each * patients).sqrt(),
            seed_luck: (components.shared() * each / 2.0).sqrt(),
            freedom_per_seed: seeds.degrees_of_freedom / (each - 1.0),
            least_error: 1.0 / found.cells as f64,
        })
    }
}
