//! The table of `--profile`: seconds of each part of a sweep, and matrix products in GFLOP/s against the peak.

use ranklab_kernels::{product_peak, vector_bits};
use ranklab_sweep::{Profile, SweepEvent};

/// One row: the part's name, its seconds, and its floating-point operations if it computes products.
type Row = (&'static str, f64, Option<f64>);

/// Collects the profiles of all groups of a sweep.
#[derive(Default)]
pub(crate) struct Profiler {
    profiles: Vec<Profile>,
}

impl Profiler {
    /// Keeps the profile of an event that has one.
    pub(crate) fn observe(&mut self, event: &SweepEvent) {
        if let SweepEvent::Profile(profile) = event {
            self.profiles.push((**profile).clone());
        }
    }

    fn sum(&self, part: impl Fn(&Profile) -> f64) -> f64 {
        self.profiles.iter().map(part).sum()
    }

    /// The table of all parts. This call measures the peak of this processor.
    pub(crate) fn table(&self) -> String {
        if self.profiles.is_empty() {
            return "no trial was trained, so there is no profile\n".to_owned();
        }
        let peak = product_peak();
        let trunk = self.sum(|profile| profile.trunk_operations);
        let forward = self.sum(|profile| profile.forward_operations);
        let backward = self.sum(|profile| profile.backward_operations);
        let rows: [Row; 10] = [
            ("decode", self.sum(|profile| profile.phases.decode), None),
            ("trunk", self.sum(|profile| profile.phases.trunk), Some(trunk)),
            ("write features", self.sum(|profile| profile.phases.write), None),
            ("gather", self.sum(|profile| profile.phases.gather), None),
            ("forward", self.sum(|profile| profile.phases.forward), Some(forward)),
            ("backward", self.sum(|profile| profile.phases.backward), Some(backward)),
            ("optimiser", self.sum(|profile| profile.phases.optimizer), None),
            ("report", self.sum(|profile| profile.phases.report), None),
            ("evaluate", self.sum(|profile| profile.phases.evaluate), None),
            ("store", self.sum(|profile| profile.store), None),
        ];
        render(&rows, peak)
    }
}

fn render(rows: &[Row], peak: f64) -> String {
    let total: f64 = rows.iter().map(|(_, seconds, _)| seconds).sum();
    let mut text =
        format!("{:<16}{:>10}{:>8}{:>12}{:>10}\n", "part", "seconds", "share", "GFLOP/s", "of peak");
    for (name, seconds, operations) in rows {
        text += &format!("{name:<16}{seconds:>10.2}{:>7.0}%", 100.0 * seconds / total.max(1e-9));
        if let Some(operations) = operations.filter(|operations| *operations > 0.0 && *seconds > 0.0) {
            let speed = operations / seconds;
            text += &format!("{:>12.0}{:>9.0}%", speed / 1e9, 100.0 * speed / peak);
        }
        text.push('\n');
    }
    text += &format!("{:<16}{:>10}{:>8}{:>12.0}{:>10}\n", "product peak", "", "", peak / 1e9, "100%");
    text += "decode runs in parallel with the trunk; gather is the wait for a batch that another thread prepares.\n";
    text += "GFLOP/s are the matrix products of the convolutions, divided by all seconds of the part.\n";
    text += &format!("vectors of device=flex on this processor: {} bits\n", vector_bits());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_speed_stands_beside_the_peak() {
        let text = render(&[("trunk", 3.0, Some(3e11)), ("store", 1.0, None)], 2e11);
        let row = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        assert_eq!(
            row("trunk").split_whitespace().collect::<Vec<_>>(),
            ["trunk", "3.00", "75%", "100", "50%"]
        );
        assert_eq!(row("store").split_whitespace().collect::<Vec<_>>(), ["store", "1.00", "25%"]);
    }
}
