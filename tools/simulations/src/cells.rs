//! The cells of the grid, and the telling ones among them.

use crate::design::Design;
use crate::sizes::Sizes;

const PATIENTS: [usize; 5] = [5, 12, 40, 100, 200];
const SIZES: [Sizes; 4] = [Sizes::Equal, Sizes::Dataset, Sizes::Lognormal, Sizes::OneLarge];
const SEEDS: [usize; 3] = [1, 3, 5];
const CONFIGURATIONS: [usize; 3] = [2, 4, 8];
const FOLDS: [Option<f64>; 4] = [None, Some(0.0), Some(0.005), Some(0.01)];
const SEED_LUCK: [f64; 3] = [0.0, 0.003, 0.02];

/// All cells of the grid.
pub fn grid() -> Vec<Design> {
    let mut designs = vec![Design::default()];
    let mut vary = |values: &dyn Fn(Design) -> Vec<Design>| {
        designs = designs.iter().flat_map(|design| values(*design)).collect();
    };
    vary(&|design| PATIENTS.map(|patients| Design { patients, ..design }).to_vec());
    vary(&|design| SIZES.map(|sizes| Design { sizes, ..design }).to_vec());
    vary(&|design| SEEDS.map(|seeds| Design { seeds, ..design }).to_vec());
    vary(&|design| CONFIGURATIONS.map(|configurations| Design { configurations, ..design }).to_vec());
    vary(&|design| FOLDS.map(|folds| Design { folds, ..design }).to_vec());
    vary(&|design| SEED_LUCK.map(|seed_luck| Design { seed_luck, ..design }).to_vec());
    vary(&|design| [false, true].map(|disasters| Design { disasters, ..design }).to_vec());
    designs
}

/// Cells that say most: the usual study, and one thing after the other changed. Most have two configurations, as Holm's
/// correction over many leaves little to go wrong.
pub fn corners() -> Vec<Design> {
    let usual = Design::default();
    let of = |patients: usize, sizes: Sizes| Design { patients, sizes, configurations: 2, ..usual };
    let many = |design: Design| Design { configurations: 8, ..design };
    let (pair, real) = (of(200, Sizes::Equal), of(200, Sizes::Dataset));
    let lucky = |seed_luck: f64, design: Design| Design { seed_luck, ..design };
    let in_folds = |luck: f64, design: Design| Design { folds: Some(luck), ..design };
    let lost = |design: Design| Design { disasters: true, ..design };
    let mut designs = Vec::new();
    designs.extend(PATIENTS.map(|patients| of(patients, Sizes::Equal)));
    designs.extend([12, 40, 100, 200].map(|patients| of(patients, Sizes::Dataset)));
    designs.extend([12, 40, 200].map(|patients| of(patients, Sizes::Lognormal)));
    designs.extend([12, 40, 200].map(|patients| of(patients, Sizes::OneLarge)));
    designs.extend([usual, Design { configurations: 4, ..usual }, many(real), many(of(40, Sizes::Equal))]);
    designs.extend([lucky(0.0, pair), lucky(0.02, pair), lucky(0.02, usual)]);
    designs.extend([lucky(0.0, of(40, Sizes::Equal)), lucky(0.02, of(40, Sizes::Equal))]);
    designs.extend([1, 5].map(|seeds| Design { seeds, ..real }));
    designs.extend([1, 5].map(|seeds| lucky(0.02, Design { seeds, ..pair })));
    designs.extend([0.0, 0.005, 0.01].map(|luck| in_folds(luck, pair)));
    designs.extend([in_folds(0.01, usual), in_folds(0.005, real), in_folds(0.01, of(40, Sizes::Equal))]);
    designs.extend([1, 5].map(|seeds| in_folds(0.01, Design { seeds, ..pair })));
    designs.push(in_folds(0.01, lucky(0.0, real)));
    designs.extend([40, 100, 200].map(|patients| lost(of(patients, Sizes::Equal))));
    designs.extend([lost(lucky(0.0, pair)), lost(lucky(0.0, of(100, Sizes::Equal)))]);
    designs.extend([lost(real), lost(of(200, Sizes::Lognormal)), lost(usual)]);
    designs
}

/// Studies in which a loss is looked for: 200 patients and 8 configurations.
pub fn power_designs() -> Vec<Design> {
    let mut designs = Vec::new();
    for sizes in [Sizes::Equal, Sizes::Dataset] {
        for seed_luck in [0.003, 0.004, 0.005] {
            designs.extend(SEEDS.map(|seeds| Design { sizes, seed_luck, seeds, ..Design::default() }));
        }
    }
    designs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_different_cells_of_the_grid() {
        let (grid, corners) = (grid(), corners());
        assert_eq!(grid.len(), 5 * 4 * 3 * 3 * 4 * 3 * 2);
        for (place, corner) in corners.iter().enumerate() {
            assert!(grid.contains(corner), "{corner}");
            assert!(!corners[..place].contains(corner), "{corner}");
        }
    }
}
