//! Numbers as people read them.

use ranklab_settings::{Noun, Nouns, SplitKind};
use ranklab_stats::Summary;

use crate::options::Options;

/// What stands where there is no value.
pub(crate) const NONE: &str = "—";

/// A share as percent without its sign: `97.69`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2}", share * 100.0)
}

/// A share as the number that [`percent`] writes.
pub(crate) fn rounded_percent(share: f64) -> f64 {
    (share * 100.0 * 100.0).round_ties_even() / 100.0
}

/// The confidence of intervals: `95 %`.
pub(crate) fn confidence(options: &Options) -> String {
    format!("{} %", trimmed(options.level() * 100.0))
}

/// The margin within which accuracies are equivalent: `1 point`, `0.5 points`.
pub(crate) fn margin_in_points(options: &Options) -> String {
    points(options.margin)
}

/// A share in points: `1 point`, `0.5 points`.
pub(crate) fn points(share: f64) -> String {
    let points = trimmed(share * 100.0);
    let noun = if points == "1" { "point" } else { "points" };
    format!("{points} {noun}")
}

/// Two decimals at most.
fn trimmed(value: f64) -> String {
    format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A share as percent with one decimal, for where two would say more than intervals allow: `95.6`.
pub(crate) fn rough_percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

/// A share in points with one decimal, none from ten on, two below a tenth: `0.6 points`, `12 points`, `0.04 points`.
pub(crate) fn rough_points(share: f64) -> String {
    let points = share * 100.0;
    let decimals = match points.abs() {
        size if size < 0.095 => 2,
        size if size < 9.95 => 1,
        _ => 0,
    };
    format!("{points:.decimals$} points")
}

/// A difference of shares as points with its sign: `+0.31`, `−1.20`, `0.00`.
pub(crate) fn signed_points(difference: f64) -> String {
    signed(&percent(difference.abs()), difference)
}

/// A difference with its sign and four decimals: `−0.0012`.
pub(crate) fn signed_four(difference: f64) -> String {
    signed(&four(difference.abs()), difference)
}

/// What rounds to nothing has no sign.
fn signed(digits: &str, value: f64) -> String {
    let sign = match digits.chars().any(|digit| ('1'..='9').contains(&digit)) {
        false => "",
        true if value > 0.0 => "+",
        true => "−",
    };
    format!("{sign}{digits}")
}

/// A p-value: `0.070`, `< 0.001`.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// A threshold as a decimal number with enough digits to distinguish it from 0 and from 1: `0.483`,
/// `0.999999982`, `0.00000012`.
pub(crate) fn threshold(value: f64) -> String {
    // Two digits of what is left to the nearer end.
    let decimals = |distance: f64| (-distance.log10()).ceil() as usize + 1;
    match (value, 1.0 - value) {
        (value, _) if value > 0.0 && value < 1e-12 => format!("{value:.1e}"),
        (value, _) if value > 0.0 && value < 0.001 => format!("{value:.places$}", places = decimals(value)),
        (value, left) if left > 0.0 && left < 0.001 => format!("{value:.places$}", places = decimals(left)),
        (value, _) => format!("{value:.3}"),
    }
}

/// Four decimals: `0.9769`.
pub(crate) fn four(value: f64) -> String {
    format!("{value:.4}")
}

/// A moment of the database, `2026-01-02T03:04:05.678901Z`, to the second: `2026-01-02 03:04:05 UTC`. Other text
/// stays as it is.
pub(crate) fn moment(stored: &str) -> String {
    match (stored.get(..19), stored.strip_suffix('Z')) {
        (Some(seconds), Some(_)) => format!("{} UTC", seconds.replacen('T', " ", 1)),
        _ => stored.to_owned(),
    }
}

/// Digits in groups of three: `1,259,266`.
pub(crate) fn thousands(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut grouped = String::from(if value < 0 { "−" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count with its noun: `1 run`, `3 runs`.
pub(crate) fn count(value: usize, noun: &str) -> String {
    counted(value, noun, &format!("{noun}s"))
}

/// A number with a noun of the dataset: `1 cell`, `2 mice`.
pub(crate) fn count_of(value: usize, noun: &Noun) -> String {
    counted(value, &noun.one, &noun.many)
}

/// A number with its noun, singular or plural.
pub(crate) fn counted(value: usize, one: &str, many: &str) -> String {
    let noun = if value == 1 { one } else { many };
    format!("{} {noun}", thousands(i64::try_from(value).unwrap_or(i64::MAX)))
}

/// A text with a capital at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The kind of a split as it is read: `random`, `given`, or the word for a group.
pub(crate) fn split_kind<'a>(split: &'a str, nouns: &'a Nouns) -> &'a str {
    if split == SplitKind::Patient.name() { &nouns.group.one } else { split }
}

/// A duration: `4.2 s`, `3 min 05 s`, `1 h 12 min`.
pub(crate) fn seconds(value: f64) -> String {
    if value < 59.95 {
        return format!("{value:.1} s");
    }
    let whole = value.round() as u64;
    if whole < 3600 {
        return format!("{} min {:02} s", whole / 60, whole % 60);
    }
    let minutes = (value / 60.0).round() as u64;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}

/// Bytes in binary units: `2.8 GiB`.
pub(crate) fn bytes(value: f64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = value / 1024.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if value < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    format!("{value:.1} {unit}")
}

/// One decimal below a hundred, none from there on: `4.2`, `512`.
pub(crate) fn rate(value: f64) -> String {
    if value.abs() < 99.95 { format!("{value:.1}") } else { thousands(value.round() as i64) }
}

/// Mean and, where there is one, standard deviation: `97.69 ± 0.31`.
pub(crate) fn spread(summary: Option<Summary>, format: fn(f64) -> String) -> String {
    match summary {
        None => NONE.to_owned(),
        Some(Summary { mean, sd: None, .. }) => format(mean),
        Some(Summary { mean, sd: Some(sd), .. }) => format!("{} ± {}", format(mean), format(sd)),
    }
}

/// A noun with its indefinite article: `a cell`, `an image`.
pub(crate) fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// The first characters of a hash.
pub(crate) fn short_hash(hash: &str) -> String {
    hash.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(thousands(1_259_266), "1,259,266");
        assert_eq!(
            (thousands(999), thousands(0), thousands(-1000)),
            ("999".into(), "0".into(), "−1,000".into())
        );
        assert_eq!(moment("2026-01-02T03:04:05.678901Z"), "2026-01-02 03:04:05 UTC");
        assert_eq!(
            (moment("2026-01-02T03:04:05Z"), moment("Z")),
            ("2026-01-02 03:04:05 UTC".into(), "Z".into())
        );
        assert_eq!((count(1, "run"), count(1200, "run")), ("1 run".into(), "1,200 runs".into()));
        assert_eq!((percent(0.976_923), four(0.976_923)), ("97.69".into(), "0.9769".into()));
        assert_eq!((rate(4.25), rate(512.4), rate(99.97)), ("4.2".into(), "512".into(), "100".into()));
    }

    #[test]
    fn durations_and_sizes_never_show_sixty_seconds_or_1024_units() {
        assert_eq!(
            (seconds(4.21), seconds(59.94), seconds(59.96)),
            ("4.2 s".into(), "59.9 s".into(), "1 min 00 s".into())
        );
        assert_eq!(
            (seconds(185.0), seconds(3599.6), seconds(4320.0)),
            ("3 min 05 s".into(), "1 h 00 min".into(), "1 h 12 min".into())
        );
        assert_eq!(
            (bytes(512.0), bytes(1_048_570.0), bytes(3_000_000_000.0)),
            ("0.5 KiB".into(), "1.0 MiB".into(), "2.8 GiB".into())
        );
    }

    #[test]
    fn differences_carry_a_sign_unless_they_round_to_nothing() {
        assert_eq!(
            (signed_points(0.0031), signed_points(-0.012), signed_points(-0.00001)),
            ("+0.31".into(), "−1.20".into(), "0.00".into())
        );
        assert_eq!((signed_four(-0.0012), signed_four(0.0)), ("−0.0012".into(), "0.0000".into()));
        assert_eq!(
            (p_value(0.07), p_value(0.0002), p_value(1.0)),
            ("0.070".into(), "< 0.001".into(), "1.000".into())
        );
    }

    #[test]
    fn thresholds_near_0_and_1_are_decimal_numbers_that_are_neither() {
        assert_eq!(
            (threshold(0.483), threshold(0.0), threshold(1.0)),
            ("0.483".into(), "0.000".into(), "1.000".into())
        );
        assert_eq!((threshold(1.0 - 1.8e-8), threshold(1.2e-7)), ("0.999999982".into(), "0.00000012".into()));
        for power in 1..=16 {
            for digit in [1.0, 1.7, 4.9, 9.6] {
                let near = 1.0 - digit * 10f64.powi(-power);
                let shown = threshold(near);
                let read: f64 = shown.parse().unwrap();
                assert!(
                    read < 1.0 && (near - read).abs() <= 0.06 * (1.0 - near) + 5e-4 * f64::from(power < 4),
                    "{near} {shown}"
                );
                let low = digit * 10f64.powi(-power);
                let shown = threshold(low);
                let read: f64 = shown.parse().unwrap();
                assert!(
                    read > 0.0 && !shown.contains("1 −") && (low - read).abs() <= 0.06 * low + 5e-4,
                    "{low} {shown}"
                );
            }
        }
    }

    #[test]
    fn a_spread_is_shown_only_where_there_is_one() {
        assert_eq!(spread(None, percent), "—");
        assert_eq!(spread(Summary::new(&[0.97]).ok(), percent), "97.00");
        assert_eq!(spread(Summary::new(&[0.96, 0.98]).ok(), percent), "97.00 ± 1.41");
    }

    #[test]
    fn the_defaults_read_as_one_point_and_95_percent() {
        let options = Options::default();
        assert_eq!((margin_in_points(&options), confidence(&options)), ("1 point".into(), "95 %".into()));
        let other = Options { margin: 0.005, alpha: 0.1, ..options };
        assert_eq!((margin_in_points(&other), confidence(&other)), ("0.5 points".into(), "90 %".into()));
    }
}
