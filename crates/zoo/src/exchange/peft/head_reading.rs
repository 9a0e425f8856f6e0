//! Finds a classifier of ours among the tensors that PEFT saved beside the adapters.

use super::{
    imported::ImportedHead,
    stored::{Stored, StoredTensors},
};
use crate::{
    exchange::{
        classifier::{CHANNELS, COUNTER, DENSE, NORMS},
        torch_layout::reverse_axes,
    },
    head::WIDTHS,
};

/// Parts of a batch norm, as PyTorch names them.
const NORM_PARTS: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

/// The classifier, and the names of all tensors that are no part of it.
///
/// # Errors
/// When a tensor of a classifier of ours has values that are not finite, or a variance is negative.
pub(super) fn head(tensors: &StoredTensors<'_>) -> Result<(Option<ImportedHead>, Vec<String>), String> {
    let names = tensors.others.keys();
    let paths = names.filter_map(|name| name.strip_suffix(&format!(".{}.weight", DENSE[0])));
    for path in paths {
        if let Some(positions) = fitting(tensors, path) {
            let inside = format!("{path}.");
            let is_part = |name: &&String| name.starts_with(&inside) && is_known(&name[inside.len()..]);
            let rest = tensors.others.keys().filter(|name| !is_part(name)).cloned().collect();
            return Ok((Some(read(tensors, path, positions)?), rest));
        }
    }
    Ok((None, tensors.others.keys().cloned().collect()))
}

/// Positions of the map below the module `path`, if it has the shapes of our classifier.
fn fitting(tensors: &StoredTensors<'_>, path: &str) -> Option<usize> {
    let features = *tensors.others.get(&format!("{path}.{}.weight", DENSE[0]))?.shape().get(1)?;
    let positions = features / CHANNELS;
    let side = positions.isqrt();
    let fits = positions > 0
        && side * side * CHANNELS == features
        && parts(positions).all(|(part, shape)| {
            tensors.others.get(&format!("{path}.{part}")).is_some_and(|stored| stored.shape() == shape)
        });
    fits.then_some(positions)
}

/// Names below the module and shapes of all tensors of our classifier.
fn parts(positions: usize) -> impl Iterator<Item = (String, Vec<usize>)> {
    let inputs = [positions * CHANNELS, WIDTHS[0], WIDTHS[1]];
    let dense = DENSE.into_iter().zip(inputs).zip(WIDTHS).flat_map(|((place, inputs), outputs)| {
        [(format!("{place}.weight"), vec![outputs, inputs]), (format!("{place}.bias"), vec![outputs])]
    });
    let norms = NORMS
        .into_iter()
        .zip(WIDTHS)
        .flat_map(|(place, width)| NORM_PARTS.map(|part| (format!("{place}.{part}"), vec![width])));
    dense.chain(norms)
}

/// Whether a name below the classifier's module is one of its tensors.
fn is_known(name: &str) -> bool {
    parts(1).any(|(part, _)| part == name) || NORMS.iter().any(|place| name == format!("{place}.{COUNTER}"))
}

fn read(tensors: &StoredTensors<'_>, path: &str, positions: usize) -> Result<ImportedHead, String> {
    let values = |part: String| {
        let name = format!("{path}.{part}");
        let stored: &Stored<'_> =
            tensors.others.get(&name).ok_or_else(|| format!("tensor `{name}` is missing"))?;
        stored.values(stored.shape())
    };
    let dense = |number: usize, positions: usize| {
        let place = DENSE[number];
        let (weight, bias) = (values(format!("{place}.weight"))?, values(format!("{place}.bias"))?);
        let outputs = WIDTHS[number];
        let inputs = weight.len() / outputs;
        // PyTorch's [outputs, channels · positions] as ours.
        let weight = reverse_axes(&weight, [outputs, inputs / positions, positions]);
        Ok::<_, String>([weight, bias])
    };
    let norm = |place: usize| {
        let part = |name: &str| values(format!("{place}.{name}"));
        let [scale, shift, mean, variance] = NORM_PARTS;
        let norm = [part(scale)?, part(shift)?, part(mean)?, part(variance)?];
        match norm[3].iter().all(|variance| *variance >= 0.0) {
            true => Ok(norm),
            false => Err(format!("tensor `{path}.{place}.{variance}` holds negative variances")),
        }
    };
    Ok(ImportedHead {
        positions,
        dense: [dense(0, positions)?, dense(1, 1)?, dense(2, 1)?],
        norms: [norm(NORMS[0])?, norm(NORMS[1])?],
    })
}
