//! Elements and text on a plotters surface of the report's width.

use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Width of every chart in pixels.
pub(super) const WIDTH: i32 = 560;
/// Pixels right of the plot.
pub(super) const RIGHT: i32 = 22;

/// A surface that gives SVG.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
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
