//! How a report compares runs.

/// Largest difference in accuracy that does not matter: one point.
const MARGIN: f64 = 0.01;
/// Chance of a false claim among all comparisons of a report.
const ALPHA: f64 = 0.05;
/// Resamples of an interval.
const REPLICATES: usize = 2000;

/// What is to be settled before results are seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Differences in accuracy within ±margin do not matter: 0.01 is one point.
    pub margin: f64,
    /// Significance level; intervals have the confidence 1 − alpha.
    pub alpha: f64,
    /// Resamples of an interval, at least 2.
    pub replicates: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { margin: MARGIN, alpha: ALPHA, replicates: REPLICATES }
    }
}

impl Options {
    /// Confidence of the intervals.
    pub(crate) fn level(&self) -> f64 {
        1.0 - self.alpha
    }

    /// The confidence in words: `95 %`.
    pub(crate) fn confidence(&self) -> String {
        format!("{} %", trimmed(self.level() * 100.0))
    }

    /// The margin in words: `1 point`, `0.5 points`.
    pub(crate) fn margin_in_points(&self) -> String {
        let points = trimmed(self.margin * 100.0);
        let noun = if points == "1" { "point" } else { "points" };
        format!("{points} {noun}")
    }
}

/// Two decimals at most.
fn trimmed(value: f64) -> String {
    format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_read_as_one_point_and_95_percent() {
        let options = Options::default();
        assert_eq!((options.margin_in_points(), options.confidence()), ("1 point".into(), "95 %".into()));
        let other = Options { margin: 0.005, alpha: 0.1, ..options };
        assert_eq!((other.margin_in_points(), other.confidence()), ("0.5 points".into(), "90 %".into()));
    }
}
