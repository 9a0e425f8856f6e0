//! Where ticks stand: steps that people count in.

/// More ticks than an axis ever wants: steps are a sixth of its reach.
const MOST_TICKS: usize = 64;

/// Logarithms of 1, 2 and 5 times powers of ten between two ends.
pub(super) fn decade_ticks(low: f64, high: f64) -> Vec<f64> {
    (low.floor() as i32..=high.ceil() as i32)
        .flat_map(|power| [1.0f64, 2.0, 5.0].map(|digit| f64::from(power) + digit.log10()))
        .filter(|tick| (low..=high).contains(tick))
        .collect()
}

/// The least and the most value; 0 and 1 without values.
pub(super) fn extremes(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if least.is_finite() && most.is_finite() { (least, most) } else { (0.0, 1.0) }
}

/// The values' reach with some room, at least `room` on either side.
pub(super) fn padded(values: &[f64], room: f64) -> (f64, f64) {
    let (least, most) = extremes(values);
    let pad = ((most - least) * 0.12).max(room);
    (least - pad, most + pad)
}

/// A step of 1, 2 or 5 times a power of ten that gives four to eight ticks, with its decimals.
pub(super) fn step(low: f64, high: f64) -> (f64, usize) {
    let rough = (high - low).max(f64::MIN_POSITIVE) / 6.0;
    let power = rough.log10().floor();
    let factor = match rough / 10f64.powf(power) {
        mantissa if mantissa < 1.5 => 1.0,
        mantissa if mantissa < 3.5 => 2.0,
        mantissa if mantissa < 7.5 => 5.0,
        _ => 10.0,
    };
    let step = factor * 10f64.powf(power);
    let decimals = (-step.log10() - 1e-9).ceil().max(0.0) as usize;
    (step, decimals)
}

/// Multiples of a step between two ends.
pub(super) fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).take(MOST_TICKS).map(|count| count as f64 * step).collect()
}
