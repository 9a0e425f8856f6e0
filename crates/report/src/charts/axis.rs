//! Axes: their reach and where their ticks stand.

use super::short_number::short;
use super::text::width;
use super::ticks::{decade_ticks, extremes, multiples, padded, step};

/// Pixels of all names on an axis together.
const NAMES_WIDTH: i32 = 480;
/// Pixels between names.
const NAMES_GAP: i32 = 8;
/// Logarithms below this reach are not worth ticks by decades: a factor of 4.
const NARROW: f64 = 0.6;
/// Part of an axis beyond its ends, so that a line along one of them is whole.
const RIM: f64 = 0.015;

/// How a value on an axis is written.
#[derive(Clone, Debug, PartialEq)]
enum Scale {
    /// As it is, with so many decimals.
    Plain(usize),
    /// A share as percent, with so many decimals.
    Percent(usize),
    /// A difference of shares in points, with so many decimals.
    Points(usize),
    /// A power of two.
    Doubling,
    /// A power of ten.
    Decades,
    /// One of these names, by its index.
    Names(Vec<String>),
}

/// One axis. Values on it are drawn from `low` to `high`, after the logarithm where there is one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    /// What it measures.
    pub(crate) title: String,
    /// Start.
    pub(crate) low: f64,
    /// End.
    pub(crate) high: f64,
    /// Positions of the ticks, ascending.
    pub(crate) ticks: Vec<f64>,
    scale: Scale,
}

impl Axis {
    /// Shares between 0 and 1, as percent.
    pub(crate) fn share(title: &str, values: &[f64]) -> Self {
        let (low, high) = padded(values, 0.005);
        // Just above 1, so that a marker at 1 is whole.
        let high = if high > 1.0 { 1.0 + 0.04 * (1.0 - low) } else { high };
        let (step, decimals) = step(low.max(0.0), high);
        let ticks = multiples(low.max(0.0), high.min(1.0 + step * 1e-6), step);
        Self {
            title: title.to_owned(),
            low: low.max(0.0),
            high,
            ticks,
            scale: Scale::Percent(decimals.saturating_sub(2)),
        }
    }

    /// Shares of this part of 0 to 1 and no others, as percent.
    pub(crate) fn part(title: &str, (low, high): (f64, f64)) -> Self {
        let rim = RIM * (high - low);
        let (step, decimals) = step(low, high);
        Self {
            title: title.to_owned(),
            low: low - rim,
            high: high + rim,
            ticks: multiples(low, high, step),
            scale: Scale::Percent(decimals.saturating_sub(2)),
        }
    }

    /// Differences of shares, in points.
    pub(crate) fn points(title: &str, values: &[f64]) -> Self {
        let (low, high) = padded(values, 0.0005);
        let (step, decimals) = step(low, high);
        Self {
            title: title.to_owned(),
            low,
            high,
            ticks: multiples(low, high, step),
            scale: Scale::Points(decimals.saturating_sub(2)),
        }
    }

    /// Amounts of at least 0.
    pub(crate) fn amount(title: &str, values: &[f64]) -> Self {
        let (_, most) = extremes(values);
        // Large numbers have no room for a twentieth.
        let (low, high) = padded(values, 0.05f64.max(most.abs() * 1e-6));
        // Just below 0, so that a line along 0 is whole.
        let low = if low < 0.0 { -RIM * high } else { low };
        let (step, decimals) = step(low.max(0.0), high);
        Self {
            title: title.to_owned(),
            low,
            high,
            ticks: multiples(low.max(0.0), high, step),
            scale: Scale::Plain(decimals),
        }
    }

    /// Whole numbers, like epochs.
    pub(crate) fn whole(title: &str, values: &[f64]) -> Self {
        let (least, most) = extremes(values);
        let step = step(least, most.max(least + 1.0)).0.max(1.0).round();
        let mut ticks = multiples(least, most, step);
        if !ticks.contains(&least) {
            ticks.insert(0, least);
            // The first two would touch.
            if ticks.len() > 2 && ticks[1] - least < step * 0.4 {
                ticks.remove(1);
            }
        }
        let pad = if least == most { 0.5 } else { (most - least) * 0.03 };
        Self { title: title.to_owned(), low: least - pad, high: most + pad, ticks, scale: Scale::Plain(0) }
    }

    /// Positive whole numbers on a doubling scale, with a tick at each of them.
    pub(crate) fn doubling(title: &str, values: &[f64]) -> Self {
        let mut ticks: Vec<f64> = values.iter().map(|value| value.log2()).collect();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup();
        let (least, most) = extremes(&ticks);
        let pad = if least == most { 1.0 } else { (most - least) * 0.06 };
        Self { title: title.to_owned(), low: least - pad, high: most + pad, ticks, scale: Scale::Doubling }
    }

    /// Positive numbers on a logarithmic scale, with ticks at 1, 2 and 5 times powers of ten.
    pub(crate) fn decades(title: &str, values: &[f64]) -> Self {
        let logarithms: Vec<f64> = values.iter().map(|value| value.log10()).collect();
        let (least, most) = extremes(&logarithms);
        if most - least < NARROW {
            return Self::part_of_decade(title, (least, most));
        }
        let mut pad = (most - least) * 0.08;
        let mut all = decade_ticks(least - pad, most + pad);
        // A lone tick gives no scale.
        while all.len() < 2 {
            pad += 0.1;
            all = decade_ticks(least - pad, most + pad);
        }
        let (low, high) = (least - pad, most + pad);
        let powers: Vec<f64> =
            all.iter().copied().filter(|tick| (tick - tick.round()).abs() < 1e-9).collect();
        let ticks = if all.len() > 8 && powers.len() > 1 { powers } else { all };
        Self { title: title.to_owned(), low, high, ticks, scale: Scale::Decades }
    }

    /// Positive numbers that are near to each other, on a logarithmic scale with ticks at equal steps.
    fn part_of_decade(title: &str, (least, most): (f64, f64)) -> Self {
        let pad = ((most - least) * 0.08).max(0.03);
        let (low, high) = (least - pad, most + pad);
        let (from, to) = (10f64.powf(low), 10f64.powf(high));
        // A wider reach for larger steps, whose labels have few digits.
        let (step, _) = step(from, from + 1.5 * (to - from));
        let ticks = multiples(from, to, step).into_iter().map(f64::log10).collect();
        Self { title: title.to_owned(), low, high, ticks, scale: Scale::Decades }
    }

    /// Names side by side; `None` when they do not fit.
    pub(crate) fn names(title: &str, names: &[&str]) -> Option<Self> {
        let room = NAMES_WIDTH / names.len().max(1) as i32 - NAMES_GAP;
        if names.iter().any(|name| width(name) > room) {
            return None;
        }
        Some(Self {
            title: title.to_owned(),
            low: -0.5,
            high: names.len() as f64 - 0.5,
            ticks: (0..names.len()).map(|place| place as f64).collect(),
            scale: Scale::Names(names.iter().map(|name| (*name).to_owned()).collect()),
        })
    }

    /// A value on the axis in a sentence: shares with two decimals, whatever the ticks have.
    pub(crate) fn spoken(&self, place: f64) -> String {
        match self.scale {
            Scale::Percent(_) => format!("{:.2}", place * 100.0),
            Scale::Plain(decimals) if decimals > 0 => format!("{place:.4}"),
            _ => self.label(place),
        }
    }

    /// The label of a position on the axis.
    pub(crate) fn label(&self, place: f64) -> String {
        match &self.scale {
            Scale::Plain(_) if place.abs() >= 1e9 => format!("{place:e}"),
            Scale::Plain(decimals) => format!("{place:.decimals$}", decimals = *decimals),
            Scale::Percent(decimals) => format!("{:.decimals$}", place * 100.0, decimals = *decimals),
            Scale::Points(decimals) => {
                let digits = format!("{:.decimals$}", (place * 100.0).abs(), decimals = *decimals);
                let zero = digits.chars().all(|digit| matches!(digit, '0' | '.'));
                let sign = if zero {
                    ""
                } else if place < 0.0 {
                    "−"
                } else {
                    "+"
                };
                format!("{sign}{digits}")
            }
            Scale::Doubling => format!("{:.0}", place.exp2()),
            Scale::Decades => short(10f64.powf(place)),
            Scale::Names(names) => names.get(place.max(0.0).round() as usize).cloned().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|tick| axis.label(*tick)).collect()
    }

    #[test]
    fn accuracies_get_round_percentages_and_never_more_than_a_hundred() {
        assert_eq!(labels(&Axis::share("", &[0.5, 0.9])), ["50", "60", "70", "80", "90"]);
        assert_eq!(labels(&Axis::share("", &[0.961, 0.978])), ["96.0", "96.5", "97.0", "97.5", "98.0"]);
        assert_eq!(labels(&Axis::share("", &[0.9, 1.0])).last().unwrap(), "100");
        assert_eq!(labels(&Axis::share("", &[0.0, 1.0]))[0], "0");
    }

    #[test]
    fn differences_have_signs_around_a_plain_zero() {
        assert_eq!(
            labels(&Axis::points("", &[-0.018, 0.012])),
            ["−2.0", "−1.5", "−1.0", "−0.5", "0.0", "+0.5", "+1.0", "+1.5"]
        );
    }

    #[test]
    fn a_single_value_still_gets_an_axis_around_it() {
        for axis in [
            Axis::share("", &[0.97]),
            Axis::part("", (0.0, 1e-6)),
            Axis::amount("", &[0.3]),
            Axis::whole("", &[1.0]),
            Axis::doubling("", &[5.0]),
            Axis::decades("", &[1_259_266.0]),
        ] {
            assert!(axis.low < axis.high && !axis.ticks.is_empty(), "{axis:?}");
        }
    }

    #[test]
    fn a_part_ends_at_its_ends() {
        assert_eq!(labels(&Axis::part("", (0.0, 1.0))), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(&Axis::part("", (0.75, 1.0))), ["75", "80", "85", "90", "95", "100"]);
        let axis = Axis::part("", (0.0, 0.25));
        assert!(axis.low > -0.01 && axis.high < 0.26);
    }

    #[test]
    fn epochs_start_at_the_first_and_are_whole() {
        assert_eq!(labels(&Axis::whole("", &[1.0, 2.0])), ["1", "2"]);
        assert_eq!(labels(&Axis::whole("", &[1.0, 10.0])), ["1", "2", "4", "6", "8", "10"]);
        assert_eq!(labels(&Axis::whole("", &[1.0])), ["1"]);
    }

    #[test]
    fn names_that_would_overlap_make_no_axis() {
        assert_eq!(labels(&Axis::names("", &["block5", "all"]).unwrap()), ["block5", "all"]);
        assert!(Axis::names("", &["block5_conv1"; 4]).is_some());
        assert!(Axis::names("", &["block5_conv1"; 6]).is_none());
    }

    #[test]
    fn ranks_and_parameters_are_written_as_such() {
        assert_eq!(labels(&Axis::doubling("", &[16.0, 1.0, 5.0, 5.0])), ["1", "5", "16"]);
        assert_eq!(labels(&Axis::decades("", &[1_259_266.0, 2_757_378.0])), ["1.5M", "2M", "2.5M"]);
        assert_eq!(labels(&Axis::decades("", &[1_197_826.0])), ["1.15M", "1.2M", "1.25M"]);
        assert_eq!(labels(&Axis::decades("", &[1e3, 1e8])), ["1k", "10k", "100k", "1M", "10M", "100M"]);
        assert_eq!(
            (short(76_800.0), short(1_259_266.0), short(12.0)),
            ("76.8k".into(), "1.26M".into(), "12".into())
        );
        assert_eq!(
            (short(0.05), short(0.00123), short(2e-5), short(5e9), short(999.7), short(2e16)),
            ("0.05".into(), "0.00123".into(), "2e-5".into(), "5G".into(), "1k".into(), "2e16".into())
        );
    }

    #[test]
    fn times_below_a_second_have_ticks_that_differ() {
        assert_eq!(labels(&Axis::decades("", &[0.2, 4.0])), ["0.2", "0.5", "1", "2", "5"]);
    }

    /// Values around any place, near to each other and far apart.
    fn values(least: f64, most: f64) -> impl Strategy<Value = Vec<f64>> {
        let spread = prop_oneof![Just(0.0), (-9.0f64..0.5).prop_map(|power| 10f64.powf(power))];
        (least..most, spread, 1usize..9).prop_map(move |(middle, spread, count)| {
            (0..count).map(|place| (middle * (1.0 + spread * place as f64)).clamp(least, most)).collect()
        })
    }

    /// No two ticks read alike, all lie on the axis in their order, and there are few enough to be read.
    fn check(axis: &Axis, values: &[f64]) -> Result<(), TestCaseError> {
        let shown = labels(axis);
        let distinct: std::collections::BTreeSet<&String> = shown.iter().collect();
        prop_assert_eq!(distinct.len(), shown.len(), "{:?} of {:?}", shown, values);
        prop_assert!(!shown.is_empty() && shown.len() <= 40, "{:?} of {:?}", shown, values);
        prop_assert!(axis.ticks.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(axis.low.is_finite() && axis.high.is_finite() && axis.low < axis.high, "{:?}", axis);
        Ok(())
    }

    proptest! {
        #[test]
        fn no_two_ticks_of_an_axis_read_alike_whatever_its_range(
            shares in values(0.0, 1.0),
            amounts in values(0.0, 1e12),
            costs in (-6.0f64..14.0).prop_flat_map(|power| values(10f64.powf(power), 10f64.powf(power + 3.0))),
            small in (-7.0f64..1.0).prop_flat_map(|power| values(0.0, 10f64.powf(power))),
            differences in values(1e-7, 1.0),
            epochs in prop::collection::vec(1u32..100_000, 1..9),
            ranks in prop::collection::vec(1u32..5000, 1..9),
        ) {
            check(&Axis::share("", &shares), &shares)?;
            check(&Axis::amount("", &amounts), &amounts)?;
            check(&Axis::amount("", &small), &small)?;
            check(&Axis::decades("", &costs), &costs)?;
            check(&Axis::points("", &differences), &differences)?;
            let opposite: Vec<f64> = differences.iter().map(|value| -value).collect();
            check(&Axis::points("", &opposite), &opposite)?;
            let whole = |values: &[u32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
            check(&Axis::whole("", &whole(&epochs)), &whole(&epochs))?;
            check(&Axis::doubling("", &whole(&ranks)), &whole(&ranks))?;
        }
    }
}
