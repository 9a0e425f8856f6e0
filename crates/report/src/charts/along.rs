//! Places along a curve, evenly spaced as they are seen.

/// So many places from the curve's start to its end at equal distances along it. `reach` is that of the axes, whose
/// lengths on paper count as equal. Corners of the curve come in the order of its line.
pub(super) fn along(curve: &[(f64, f64)], reach: (f64, f64), count: usize) -> Vec<(f64, f64)> {
    let steps = count.saturating_sub(1).max(1);
    places(curve, reach, (0..count).map(|place| place as f64 / steps as f64))
}

/// The places at these parts of the curve's length, ascending between 0 and 1.
pub(super) fn places(
    curve: &[(f64, f64)],
    reach: (f64, f64),
    parts: impl Iterator<Item = f64>,
) -> Vec<(f64, f64)> {
    let [first, .., last] = curve else { return curve.to_vec() };
    let length =
        |from: &(f64, f64), to: &(f64, f64)| ((to.0 - from.0) / reach.0).hypot((to.1 - from.1) / reach.1);
    let whole: f64 = curve.windows(2).map(|pair| length(&pair[0], &pair[1])).sum();
    if whole <= 0.0 || !whole.is_finite() {
        return vec![*first];
    }
    let mut found: Vec<(f64, f64)> = Vec::new();
    let (mut passed, mut corner) = (0.0, 0);
    for part in parts {
        let wanted = part * whole;
        while corner + 2 < curve.len() && passed + length(&curve[corner], &curve[corner + 1]) < wanted {
            passed += length(&curve[corner], &curve[corner + 1]);
            corner += 1;
        }
        let (from, to) = (curve[corner], curve[corner + 1]);
        let step = length(&from, &to);
        let share = if step > 0.0 { ((wanted - passed) / step).clamp(0.0, 1.0) } else { 0.0 };
        let place = if part >= 1.0 {
            *last
        } else {
            (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
        };
        found.push(place);
    }
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_even_along_the_line_and_hold_its_ends() {
        let curve = [(0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (1.0, 1.0)];
        assert_eq!(
            along(&curve, (1.0, 1.0), 5),
            [(0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0)]
        );
        assert_eq!(along(&curve, (0.5, 1.0), 4), [(0.0, 0.0), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0)]);
    }

    #[test]
    fn a_curve_without_length_is_one_place() {
        assert_eq!(along(&[(0.3, 0.4)], (1.0, 1.0), 5), [(0.3, 0.4)]);
        assert_eq!(along(&[(0.3, 0.4), (0.3, 0.4)], (1.0, 1.0), 5), [(0.3, 0.4)]);
        assert!(along(&[], (1.0, 1.0), 5).is_empty());
    }
}
