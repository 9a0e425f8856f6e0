//! Draws images and whole patients at random.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use ranklab_settings::Class;

use crate::{Error, image_set::ImageSet};

/// The groups of images.
pub(crate) fn patients<'a>(images: &'a ImageSet, indices: &[usize]) -> BTreeSet<&'a str> {
    indices.iter().map(|&image| images.entries[image].group.as_str()).collect()
}

/// Draws `fraction` of each class; returns the drawn images and the rest.
pub(crate) fn draw_images(
    images: &ImageSet,
    from: &[usize],
    fraction: f64,
    random: &mut ChaCha8Rng,
) -> (Vec<usize>, Vec<usize>) {
    let (mut drawn, mut rest) = (Vec::new(), Vec::new());
    for class in Class::ALL {
        let mut members: Vec<usize> =
            from.iter().copied().filter(|&image| images.entries[image].class == class).collect();
        members.shuffle(random);
        let count = (members.len() as f64 * fraction).round() as usize;
        drawn.extend(&members[..count]);
        rest.extend(&members[count..]);
    }
    (drawn, rest)
}

/// Draws about `fraction` of the images in whole patients; returns the drawn images and the rest.
pub(crate) fn draw_patients(
    images: &ImageSet,
    from: &[usize],
    fraction: f64,
    random: &mut ChaCha8Rng,
) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let folds = (1.0 / fraction).round().max(2.0) as usize;
    let mut folds = patient_folds(images, from, folds.min(patients(images, from).len()), random)?;
    let drawn = folds.remove(0);
    Ok((drawn, folds.concat()))
}

/// Divides whole patients into folds with similar numbers of both classes. Patients are shuffled and sorted by size;
/// each enters the fold that becomes most even by it.
pub(crate) fn patient_folds(
    images: &ImageSet,
    from: &[usize],
    folds: usize,
    random: &mut ChaCha8Rng,
) -> Result<Vec<Vec<usize>>, Error> {
    let mut by_patient: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &image in from {
        by_patient.entry(images.entries[image].group.as_str()).or_default().push(image);
    }
    if by_patient.len() < folds || folds < 2 {
        return Err(Error::Split(format!(
            "{} groups cannot be divided into {folds} folds: use fewer folds (`folds=`) or images of more groups",
            by_patient.len()
        )));
    }
    let classes = |part: &[usize]| {
        let positive = part.iter().filter(|&&image| images.entries[image].class == Class::Positive).count();
        [(part.len() - positive) as f64, positive as f64]
    };
    let totals = classes(from);
    let mut groups: Vec<Vec<usize>> = by_patient.into_values().collect();
    groups.shuffle(random);
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut filled = vec![[0.0; 2]; folds];
    let mut parts = vec![Vec::new(); folds];
    for group in groups {
        let added = classes(&group);
        // Squared distance of a fold's share of both classes from an even share.
        let unevenness = |fold: &[f64; 2], added: [f64; 2]| -> f64 {
            (0..2)
                .map(|class| {
                    let share = (fold[class] + added[class]) / totals[class].max(1.0) - 1.0 / folds as f64;
                    share * share
                })
                .sum()
        };
        let change = |fold: &[f64; 2]| unevenness(fold, added) - unevenness(fold, [0.0; 2]);
        let best = (0..folds).min_by(|&a, &b| change(&filled[a]).total_cmp(&change(&filled[b]))).unwrap_or(0);
        for class in 0..2 {
            filled[best][class] += added[class];
        }
        parts[best].extend(group);
    }
    Ok(parts)
}
