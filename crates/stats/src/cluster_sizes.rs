//! The variance of a mean over cells that come in clusters of unequal sizes, with its degrees of freedom.

use crate::source::Source;

/// The variance of `m = Σⱼ Sⱼ / Σⱼ nⱼ`, the mean over all cells, from the sums `Sⱼ` and sizes `nⱼ` of the J clusters.
///
/// Clusters of unequal sizes, say a patient with most of the cells, make the usual cluster-robust variance
/// too small and its t distribution too narrow. This is the bias-reduced one, CR2 (Bell & McCaffrey 2002;
/// Pustejovsky & Tipton 2018), with their degrees of freedom by Satterthwaite's approximation, both for the working
/// model in which the clusters' means `Sⱼ / nⱼ` are independent with one variance. With weights `wⱼ = nⱼ / n` and
/// `W = Σⱼ wⱼ²` a residual `Sⱼ / nⱼ − m` has the share `1 − 2 wⱼ + W` of that variance, so that
///
/// `V = Σⱼ cⱼ (Sⱼ / nⱼ − m)²`, `cⱼ = wⱼ² / (1 − 2 wⱼ + W)`,
///
/// and `df = W² / Σᵢⱼ cᵢ cⱼ (δᵢⱼ − wᵢ − wⱼ + W)²`. With equal sizes these are `J / (J − 1) · Σ (Sⱼ − nⱼ m)² / n²` and
/// J − 1. R's clubSandwich gives the same (`tests/golden/comparison.R`).
///
/// `None` with fewer than two clusters that have cells.
pub(crate) fn variance_of_mean(sums: &[f64], sizes: &[f64]) -> Option<Source> {
    let cells: f64 = sizes.iter().sum();
    let filled = || sums.iter().zip(sizes).filter(|(_, size)| **size > 0.0);
    if filled().count() < 2 {
        return None;
    }
    let mean = sums.iter().sum::<f64>() / cells;
    let squares = sizes.iter().map(|size| (size / cells).powi(2)).sum::<f64>();
    // Sums over the clusters: of c, of c · a and of c · a², where wᵢ + wⱼ − W = −(aᵢ + aⱼ).
    let (mut ones, mut firsts, mut seconds, mut diagonal) = (0.0, 0.0, 0.0, 0.0);
    let mut variance = 0.0;
    for (sum, size) in filled() {
        let weight = size / cells;
        let share = 1.0 - 2.0 * weight + squares;
        let factor = weight * weight / share;
        let a = squares / 2.0 - weight;
        variance += factor * (sum / size - mean).powi(2);
        ones += factor;
        firsts += factor * a;
        seconds += factor * a * a;
        diagonal += factor * factor * (share * share - 4.0 * a * a);
    }
    let traces = 2.0 * seconds * ones + 2.0 * firsts * firsts + diagonal;
    Some(Source { variance, degrees_of_freedom: squares * squares / traces })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The degrees of freedom from all pairs of clusters.
    fn by_pairs(sizes: &[f64]) -> f64 {
        let cells: f64 = sizes.iter().sum();
        let weights: Vec<f64> = sizes.iter().map(|size| size / cells).collect();
        let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
        let factor = |weight: f64| weight * weight / (1.0 - 2.0 * weight + squares);
        let mut traces = 0.0;
        for (i, one) in weights.iter().enumerate() {
            for (j, other) in weights.iter().enumerate() {
                let entry = f64::from(u8::from(i == j)) - one - other + squares;
                traces += factor(*one) * factor(*other) * entry * entry;
            }
        }
        squares * squares / traces
    }

    #[test]
    fn equal_sizes_are_the_usual_variance_with_one_degree_less_than_clusters() {
        let found = variance_of_mean(&[3.0, 0.0, 1.0, 2.0], &[4.0; 4]).unwrap();
        // m = 6/16; Σ (S − 4 m)² = 1.5² + 1.5² + 0.5² + 0.5² = 5.
        assert!((found.variance - 4.0 / 3.0 * 5.0 / 256.0).abs() < 1e-15);
        assert!((found.degrees_of_freedom - 3.0).abs() < 1e-12);
    }

    #[test]
    fn one_large_cluster_leaves_few_degrees_of_freedom() {
        let sizes = [60.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let found = variance_of_mean(&[0.0; 9], &sizes).unwrap();
        assert!((found.degrees_of_freedom - by_pairs(&sizes)).abs() < 1e-9);
        assert!(found.degrees_of_freedom < 2.5, "{found:?}");
    }

    #[test]
    fn clusters_without_cells_do_not_count_and_one_is_none() {
        let with = variance_of_mean(&[1.0, 0.0, 2.0], &[2.0, 0.0, 3.0]).unwrap();
        assert_eq!(Some(with), variance_of_mean(&[1.0, 2.0], &[2.0, 3.0]));
        assert_eq!(variance_of_mean(&[1.0, 0.0], &[2.0, 0.0]), None);
    }
}
