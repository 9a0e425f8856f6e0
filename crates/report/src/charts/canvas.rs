//! Elements and text on a plotters surface of the report's width.

use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::figure::ShownValue;

/// Width of every chart in pixels.
pub(super) const WIDTH: i32 = 560;
/// Pixels left of the plot.
pub(super) const LEFT: i32 = 58;
/// Pixels right of the plot.
pub(super) const RIGHT: i32 = 22;
/// Pixels above the plot.
pub(super) const TOP: i32 = 36;
/// Pixels below the plot, for its labels and its title.
pub(super) const BELOW: i32 = 52;

/// A surface that gives SVG.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A drawing as SVG in placeholder colours, with the values on it.
pub(super) type Drawing = (String, Vec<ShownValue>);
/// Whether something could be drawn, or what plotters says.
pub(super) type Drawn = Result<(), String>;

/// Draws an element.
pub(super) fn put<'a, 'b, E>(area: &Area<'b>, element: &'a E) -> Drawn
where
    &'a E: PointCollection<'a, (i32, i32)>,
    E: Drawable<SVGBackend<'b>>,
{
    area.draw(element).map_err(|error| error.to_string())
}

/// Writes a line of text.
pub(super) fn write(
    area: &Area<'_>,
    text: &str,
    place: (i32, i32),
    colour: &RGBColor,
    h: HPos,
    v: VPos,
) -> Drawn {
    // The SVG backend divides font sizes by 1.24.
    let style = ("sans-serif", 13.0 * 1.24).into_text_style(area).color(colour).pos(Pos::new(h, v));
    area.draw_text(text, &style, place).map_err(|error| error.to_string())
}
