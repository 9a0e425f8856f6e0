//! Placeholder colours of charts while they are drawn: each output puts its colours in.

use plotters::style::RGBColor;

/// Hues before they repeat with other markers.
pub(crate) const HUES: usize = 8;

/// Series that differ in hue, marker or dash.
pub(crate) const SLOTS: usize = 64;

/// Titles and labels.
pub(crate) const INK: RGBColor = RGBColor(0, 0, 1);
/// Axes and secondary words.
pub(crate) const MUTED: RGBColor = RGBColor(0, 0, 2);
/// Grid lines.
pub(crate) const GRID: RGBColor = RGBColor(0, 0, 3);
/// The paper, around markers.
pub(crate) const SURFACE: RGBColor = RGBColor(0, 0, 4);
/// Dotted lines.
pub(crate) const DOTTED: RGBColor = RGBColor(0, 0, 5);

/// Areas behind everything else.
pub(crate) const BAND: RGBColor = RGBColor(0, 0, 6);

/// Placeholder of a series' marker.
pub(crate) fn marker(slot: usize) -> RGBColor {
    RGBColor(0, 1, (slot % SLOTS) as u8)
}

/// Placeholder of a series' line, which carries its dash.
pub(crate) fn line(slot: usize) -> RGBColor {
    RGBColor(0, 2, (slot % SLOTS) as u8)
}

/// What is shown to be as good or better.
pub(crate) const GOOD: RGBColor = RGBColor(0, 0, 7);
/// What is shown to be worse.
pub(crate) const BAD: RGBColor = RGBColor(0, 0, 8);
/// What is not shown.
pub(crate) const OPEN: RGBColor = RGBColor(0, 0, 9);
