//! What must hold for comparisons of any configurations of several seeds.

use std::collections::BTreeSet;

use proptest::prelude::*;
use ranklab_stats::{
    Assumptions, Clusters, Compared, Error, Family, Layout, MeanDifference, Scope, Scores, Sensitivity,
    Verdict, unseen_margin,
};

/// Cells with patients, and whether each seed of three configurations gets them right.
#[derive(Clone, Debug)]
struct Study {
    patients: Vec<u8>,
    folds: Option<Vec<u8>>,
    /// Of each configuration, of each seed, of each cell.
    configurations: Vec<Vec<Vec<f64>>>,
}

/// Patients whose number of cells differs much; a patient lies in one fold.
fn study() -> impl Strategy<Value = Study> {
    (2usize..10, 1usize..4, 1usize..4, any::<bool>(), 12usize..70).prop_flat_map(
        |(patients, seeds, other_seeds, folds, cells)| {
            let patient = (0..patients, 0..patients).prop_map(|(one, other)| one.min(other) as u8);
            let right = |seeds| {
                let cell = prop::bool::weighted(0.8).prop_map(|right| f64::from(u8::from(right)));
                prop::collection::vec(prop::collection::vec(cell, cells), seeds)
            };
            let patients = prop::collection::vec(patient, cells);
            (patients, right(seeds), right(other_seeds), right(seeds)).prop_map(
                move |(mut patients, first, second, third)| {
                    // Two patients at least.
                    (patients[0], patients[1]) = (0, 1);
                    Study {
                        folds: folds.then(|| patients.iter().map(|patient| patient % 3).collect()),
                        patients,
                        configurations: vec![first, second, third],
                    }
                },
            )
        },
    )
}

impl Study {
    fn layout(&self) -> Layout {
        let folds = self.folds.as_ref().map(|folds| Clusters::by_patient(folds));
        Layout::new(Clusters::by_patient(&self.patients), folds).unwrap()
    }

    fn with_family<T>(&self, of: impl FnOnce(&Family<'_>) -> T) -> T {
        let layout = self.layout();
        let scores: Vec<Scores> =
            self.configurations.iter().map(|seeds| Scores::new(&layout, seeds).unwrap()).collect();
        of(&Family::new(&layout, scores.iter().collect()).unwrap())
    }

    fn difference(&self, first: usize, second: usize) -> MeanDifference {
        self.with_family(|family| family.compare(first, second, 0.95).unwrap().difference)
    }
}

/// Equal but for rounding.
fn is_close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * (1e-3 + one.abs().max(other.abs()))
}

fn assert_same(one: &MeanDifference, other: &MeanDifference) -> Result<(), TestCaseError> {
    prop_assert_eq!((one.scope, one.seeds, one.cells), (other.scope, other.seeds, other.cells));
    for (one, other) in [
        (one.difference, other.difference),
        (one.standard_error, other.standard_error),
        (one.degrees_of_freedom, other.degrees_of_freedom),
        (one.p, other.p),
        (one.interval.lower, other.interval.lower),
        (one.interval.upper, other.interval.upper),
    ] {
        prop_assert!(is_close(one, other), "{one} {other}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_comparison_is_antisymmetric(study in study()) {
        for (first, second) in [(0, 1), (0, 2), (1, 2)] {
            let (one, other) = (study.difference(first, second), study.difference(second, first));
            assert_same(&one.swapped(), &other)?;
            prop_assert_eq!(one.swapped().swapped(), one);
        }
        let (one, other) = study.with_family(|family| {
            let claims = |found: Compared<'_>| {
                (found.equivalence(0.3, 0.1).unwrap(), found.noninferiority(0.3, 0.1).unwrap())
            };
            let [one, other] = [(0, 1), (1, 0)].map(|(one, other)| family.compare(one, other, 0.95).unwrap());
            (claims(one.swapped()), claims(other))
        });
        prop_assert_eq!(one.0.equivalent, other.0.equivalent);
        prop_assert_eq!(one.1.noninferior, other.1.noninferior);
        prop_assert!(is_close(one.0.p, other.0.p) && is_close(one.1.p, other.1.p));
    }

    #[test]
    fn a_configuration_does_not_differ_from_itself(study in study()) {
        let found = study.difference(1, 1);
        prop_assert_eq!((found.difference, found.p), (0.0, 1.0));
        prop_assert!(found.standard_error > 0.0 && found.interval.contains(0.0));
    }

    /// Pooled seeds and folds are what the members have in common; patients are the pair's.
    #[test]
    fn an_identical_member_changes_nothing_but_what_is_pooled(study in study(), copied in 0usize..2) {
        let mut more = study.clone();
        more.configurations.push(study.configurations[copied].clone());
        let (before, after) = (study.difference(0, 1), more.difference(0, 1));
        prop_assert_eq!((before.first, before.second, before.scope), (after.first, after.second, after.scope));
        let (one, other) = (before.components.unwrap(), after.components.unwrap());
        prop_assert_eq!(one.patients, other.patients);
        prop_assert_eq!(one.seeds.is_some(), other.seeds.is_some());
        // Against the copy it is as against the original.
        assert_same(&more.difference(2, copied), &more.difference(2, 3))?;
        if before.scope == Scope::Networks {
            assert_same(&before, &after)?;
        }
    }

    #[test]
    fn the_order_of_patients_cells_and_seeds_does_not_matter(study in study()) {
        let mut turned = study.clone();
        // Patients are numbered from the other end, cells and seeds listed likewise.
        turned.patients = study.patients.iter().rev().map(|patient| 9 - patient).collect();
        turned.folds = study.folds.as_ref().map(|folds| folds.iter().rev().copied().collect());
        for seeds in &mut turned.configurations {
            seeds.reverse();
            seeds.iter_mut().for_each(|cells| cells.reverse());
        }
        for (first, second) in [(0, 1), (0, 2)] {
            assert_same(&study.difference(first, second), &turned.difference(first, second))?;
        }
        let (one, other) = (study.layout().concentration(), turned.layout().concentration());
        prop_assert!(is_close(one.effective, other.effective));
        prop_assert_eq!(one.largest_share, other.largest_share);
    }

    #[test]
    fn effective_patients_are_between_one_and_all(study in study()) {
        let found = study.layout().concentration();
        let patients = found.resampled.count() as f64;
        prop_assert!(found.effective >= 1.0 && found.effective <= patients + 1e-9);
        prop_assert!(found.largest_share >= 1.0 / patients - 1e-12 && found.largest_share <= 1.0);
        // The largest patient alone makes as many.
        prop_assert!(found.effective <= found.largest_share.powi(-2) + 1e-9);
        prop_assert!(found.effective >= found.largest_share.recip() - 1e-9);
    }

    #[test]
    fn some_cells_have_the_layout_that_they_would_have_alone(study in study(), kept in any::<[u64; 2]>()) {
        let kept: Vec<bool> =
            (0..study.patients.len()).map(|cell| kept[cell / 64] >> (cell % 64) & 1 == 1).collect();
        let of = |units: &[u8]| -> Vec<u8> {
            units.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(unit, _)| *unit).collect()
        };
        let patients = of(&study.patients);
        let distinct = |units: &[u8]| units.iter().collect::<BTreeSet<_>>().len();
        let found = study.layout().of_cells(&kept);
        if distinct(&patients) < 2 {
            prop_assert_eq!(found, Err(Error::Units(distinct(&patients))));
            return Ok(());
        }
        let folds = study.folds.as_ref().map(|folds| of(folds)).filter(|folds| distinct(folds) > 1);
        let folds = folds.map(|folds| Clusters::by_patient(&folds));
        prop_assert_eq!(found, Layout::new(Clusters::by_patient(&patients), folds));
    }

    #[test]
    fn claims_are_what_intervals_show(study in study(), margin in 0.01f64..0.9, alpha in 0.01f64..0.2) {
        study.with_family(|family| {
            for (first, second) in [(0, 1), (1, 2)] {
                let compared = family.compare(first, second, 1.0 - alpha).unwrap();
                let difference = compared.difference;
                let same = compared.equivalence(margin, alpha).unwrap();
                if same.equivalent {
                    prop_assert!(same.interval.is_within_margin(margin) && same.p < alpha);
                    prop_assert!(difference.concentration.carries_claims());
                    prop_assert!(same.interval.contains(difference.difference));
                    // Draws stand for the exact bound, and patients that err in opposite ways never lower it.
                    let patients = family.layout().patients().units();
                    prop_assert!(margin > 0.8 * unseen_margin(patients, alpha).unwrap());
                }
                let loss = compared.noninferiority(margin, alpha).unwrap();
                prop_assert!(!loss.noninferior || (loss.upper_bound < margin && loss.p < alpha));
                prop_assert!(!same.equivalent || loss.noninferior);
                let verdict = Verdict::new(difference.difference, &difference.interval, difference.p, &same);
                match verdict {
                    Verdict::Better => prop_assert!(difference.interval.lower > 0.0),
                    Verdict::Worse => prop_assert!(difference.interval.upper < 0.0),
                    Verdict::Equivalent | Verdict::EquivalentYetDifferent => prop_assert!(same.equivalent),
                    Verdict::Inconclusive => {}
                }
            }
            Ok(())
        })?;
    }

    /// The variance of a comparison never is less than that over patients, and more seeds never make it larger.
    #[test]
    fn components_add_up(study in study()) {
        let found = study.difference(0, 1);
        let components = found.components.unwrap();
        let least = 1.0 / found.cells as f64;
        let crossed = components.patients.variance + components.shared();
        let folds = components.folds.filter(|_| components.are_folds_larger());
        let variance = folds.map_or(crossed, |folds| folds.variance);
        prop_assert!(is_close(found.standard_error, variance.sqrt().max(least)));
        prop_assert!(found.degrees_of_freedom > 0.0);
        prop_assert!(components.interaction >= 0.0);
        let Some(assumed) = Assumptions::of(&found) else {
            prop_assert!(components.seeds.is_none());
            return Ok(());
        };
        // With hardly any degrees of freedom over patients, those over seeds are worth more than their variance.
        if found.concentration.carries_claims() {
            let of = |seeds| Sensitivity::new(&assumed, folds.as_ref(), seeds, 0.05, 1).unwrap();
            let (few, more) = (of(3), of(10));
            prop_assert!(few.smallest_loss >= more.smallest_loss * 0.999, "{few:?} {more:?}");
            prop_assert!(few.smallest_margin > 0.0);
        }
    }
}
