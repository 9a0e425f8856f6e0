//! Numbers of any size in a few letters.

/// Three digits: `76,800` as `76.8k`, `1,259,266` as `1.26M`, `0.05` as it is.
pub(super) fn short(value: f64) -> String {
    /// Units of a thousand each.
    const UNITS: [&str; 5] = ["", "k", "M", "G", "T"];
    if !(0.000_999_5..999.5e12).contains(&value) {
        return format!("{value:.2e}").replace(".00e", "e");
    }
    let mut scaled = value;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1e3;
        unit += 1;
    }
    let whole_digits = scaled.log10().floor();
    let decimals = (2.0 - whole_digits).clamp(0.0, 5.0) as usize;
    let text = format!("{scaled:.decimals$}");
    let trimmed = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{trimmed}{}", UNITS[unit])
}
