//! Decides whether trials can train together.

use ranklab_settings::TrialConfig;
use ranklab_zoo::UpperTrunk;

/// Whether two trials can train together: they have the same images, split, batches and frozen part. Rank, seed,
/// learning rate, optimiser and initialisation may differ.
pub fn can_join(one: &TrialConfig, other: &TrialConfig) -> bool {
    let (a, b) = (&one.training, &other.training);
    let shares_upper_trunk = match (&one.adapter, &other.adapter) {
        (Some(a), Some(b)) => UpperTrunk::is_shared(a, b),
        _ => false,
    };
    shares_upper_trunk
        && (&one.data, &one.model, &one.device) == (&other.data, &other.model, &other.device)
        && one.precision == other.precision
        && (a.batch_size, a.epochs) == (b.batch_size, b.epochs)
}
