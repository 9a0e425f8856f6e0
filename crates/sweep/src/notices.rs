//! Warnings about the settings of a plan, before training starts.

use std::collections::{BTreeMap, BTreeSet};

use ranklab_settings::{AdapterConfig, Scaling};

use crate::plan::Plan;

impl Plan {
    /// Warnings about valid settings that are probably mistakes, one line each.
    pub fn notices(&self) -> Vec<String> {
        let adapters: Vec<&AdapterConfig> =
            self.trials.iter().filter_map(|trial| trial.config.adapter.as_ref()).collect();
        let mut notices: Vec<String> = ranks_above_layers(&adapters).into_iter().collect();
        notices.extend(scales_that_follow_ranks(&adapters));
        notices
    }
}

/// Warns about ranks above the full rank of a layer's kernel.
fn ranks_above_layers(adapters: &[&AdapterConfig]) -> Option<String> {
    let mut above = BTreeSet::new();
    for adapter in adapters {
        let ranks = adapter.rank.per_layer(&adapter.layers).unwrap_or_default();
        let pairs = adapter.layers.layers().iter().zip(ranks);
        above.extend(pairs.filter(|(layer, rank)| *rank > layer.full_rank()));
    }
    let (layer, rank) = above.iter().max_by_key(|(layer, rank)| rank - layer.full_rank())?;
    let more = match above.iter().map(|(layer, _)| *layer).collect::<BTreeSet<_>>().len() {
        1 => String::new(),
        layers => format!(" ({layers} layers have such ranks)"),
    };
    Some(format!(
        "rank {rank} is above the full rank of {layer}, {}: it adds parameters without adding expressiveness; give at most rank {0}{more}",
        layer.full_rank()
    ))
}

/// Warns about one alpha for several ranks, where the scale of the adapters changes with the rank.
fn scales_that_follow_ranks(adapters: &[&AdapterConfig]) -> Option<String> {
    let mut by_alpha: BTreeMap<(u64, bool), BTreeMap<usize, f64>> = BTreeMap::new();
    for adapter in adapters.iter().filter(|adapter| adapter.scaling != Scaling::One) {
        let root = adapter.scaling == Scaling::AlphaOverSqrtRank;
        let scales = by_alpha.entry((adapter.alpha.to_bits(), root)).or_default();
        for rank in adapter.rank.per_layer(&adapter.layers).unwrap_or_default() {
            scales.insert(rank, adapter.scale(rank));
        }
    }
    let ratio = |scales: &BTreeMap<usize, f64>| match (scales.first_key_value(), scales.last_key_value()) {
        (Some((_, first)), Some((_, last))) => first / last,
        _ => 1.0,
    };
    let ((alpha, root), scales) =
        by_alpha.into_iter().max_by(|(_, a), (_, b)| ratio(a).total_cmp(&ratio(b)))?;
    let ((low, first), (high, last)) = (scales.first_key_value()?, scales.last_key_value()?);
    if low == high {
        return None;
    }
    let over = if root { "√rank" } else { "rank" };
    Some(format!(
        "alpha is {} at every rank, so the adapters' scale alpha/{over} falls from {} at rank {low} to {} at rank {high}, {:.3}-fold: rank and scale change together; to vary the rank alone give scaling=one",
        f64::from_bits(alpha),
        round(*first),
        round(*last),
        first / last
    )
    .replace(".000-fold", "-fold"))
}

/// Rounds to four decimals.
fn round(scale: f64) -> f64 {
    (scale * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use ranklab_settings::Experiment;

    use crate::Plan;

    fn notices(overrides: &[&str]) -> Vec<String> {
        Plan::new(&Experiment::default().with_overrides(overrides).unwrap()).unwrap().notices()
    }

    #[test]
    fn a_scale_that_changes_with_the_rank_is_reported() {
        let notes = notices(&["preset=peft", "rank=1,64"]);
        assert_eq!(notes.len(), 1);
        assert!(notes[0].contains("alpha is 8 at every rank"), "{notes:?}");
        assert!(notes[0].contains("falls from 8 at rank 1 to 0.125 at rank 64, 64-fold"), "{notes:?}");
        assert!(notes[0].contains("give scaling=one"), "{notes:?}");
        let root = notices(&["scaling=alpha_over_sqrt_rank", "alpha=6", "rank=4,9"]);
        assert!(
            root[0].contains("alpha/√rank falls from 3 at rank 4 to 2 at rank 9, 1.500-fold"),
            "{root:?}"
        );
        assert_eq!(notices(&["preset=peft", "rank=2+4+8"]).len(), 1);
        for quiet in
            [&["rank=1,64"][..], &["preset=peft", "rank=8"], &["preset=peft", "rank=8", "alpha=8,16"]]
        {
            assert_eq!(notices(quiet), Vec::<String>::new(), "{quiet:?}");
        }
    }

    #[test]
    fn a_rank_above_the_full_rank_of_a_layer_is_reported() {
        let notes = notices(&["layers=block1", "rank=100"]);
        assert!(notes[0].contains("rank 100 is above the full rank of block1_conv1, 27"), "{notes:?}");
        assert!(notes[0].contains("2 layers have such ranks"), "{notes:?}");
        let notes = notices(&["layers=block2_conv1", "rank=64,129"]);
        assert!(notes[0].contains("rank 129 is above the full rank of block2_conv1, 128"), "{notes:?}");
        assert_eq!(notices(&["layers=block5", "rank=512"]), Vec::<String>::new());
    }
}
