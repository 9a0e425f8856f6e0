//! Colours of drawn charts: the page's variables or a file's fixed values instead of the placeholders.

use std::fmt::Write as _;

use plotters::style::RGBColor;

use crate::charts::palette::{BAND, DOTTED, GRID, HUES, INK, MUTED, SLOTS, SURFACE, line, marker};

use super::escape::xml;

/// Where a chart is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Inside the page, whose style sheet gives light and dark colours.
    Page,
    /// A separate file on white paper.
    File,
}

const DASHES: [&str; 5] = ["", "7 4", "2 4", "10 4 2 4", "14 5"];

const FILE_HUES: [&str; HUES] =
    ["#1f66b8", "#b85000", "#157a4f", "#8444bd", "#c02f45", "#0b7480", "#7d5f12", "#596270"];

/// Puts colours, dashes and a description into what plotters drew.
pub(crate) fn themed(drawing: &str, title: &str, description: &str, theme: Theme) -> String {
    let body = drawing.split_once('>').map_or("", |(_, body)| body);
    let (width, height) = size(drawing);
    let mut body = body.to_owned();
    let named = [
        (INK, "ink", "#1b1f24"),
        (MUTED, "muted", "#5a636d"),
        (GRID, "grid", "#dfe3e8"),
        (SURFACE, "surface", "#ffffff"),
        (BAND, "grid", "#dfe3e8"),
    ];
    for (placeholder, name, fixed) in named {
        body = body.replace(&quoted(placeholder), &attribute(theme, name, fixed));
    }
    let dotted =
        format!("{} stroke-dasharray=\"1 4\" stroke-linecap=\"round\"", attribute(theme, "muted", "#5a636d"));
    body = body.replace(&quoted(DOTTED), &dotted);
    for slot in 0..SLOTS {
        let hue = slot % HUES;
        let colour = attribute(theme, &format!("series-{}", hue + 1), FILE_HUES[hue]);
        body = body.replace(&quoted(marker(slot)), &colour);
        let mut stroke = format!("{colour} stroke-linejoin=\"round\"");
        let dash = DASHES[slot % DASHES.len()];
        if !dash.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(stroke, " stroke-dasharray=\"{dash}\"");
        }
        body = body.replace(&quoted(line(slot)), &stroke);
    }
    let (title, description) = (xml(title), xml(description));
    let opening = match theme {
        Theme::Page => format!(
            "<svg class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{description}\">\n<title>{title}</title>\n"
        ),
        Theme::File => {
            body = body.replace("font-family=\"sans-serif\"", "font-family=\"system-ui, sans-serif\"");
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{description}\">\n<title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
            )
        }
    };
    format!("{opening}{}", body.trim_start())
}

fn size(drawing: &str) -> (&str, &str) {
    let value = |name: &str| {
        let (_, rest) = drawing.split_once(name)?;
        rest.split('"').next()
    };
    (value("width=\"").unwrap_or("0"), value("height=\"").unwrap_or("0"))
}

fn quoted(RGBColor(red, green, blue): RGBColor) -> String {
    format!("\"#{red:02X}{green:02X}{blue:02X}\"")
}

fn attribute(theme: Theme, name: &str, fixed: &str) -> String {
    match theme {
        Theme::Page => format!("\"var(--{name})\""),
        Theme::File => format!("\"{fixed}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWING: &str = "<svg width=\"640\" height=\"300\" viewBox=\"0 0 640 300\" xmlns=\"x\">\n<line stroke=\"#000201\"/><circle fill=\"#000101\"/><text font-family=\"sans-serif\" fill=\"#000001\">\nname\n</text>\n</svg>\n";

    #[test]
    fn in_the_page_colours_are_variables_and_nothing_points_outside() {
        let chart = themed(DRAWING, "A <b>", "says \"a\" & b", Theme::Page);
        assert!(chart.starts_with("<svg class=\"chart\" viewBox=\"0 0 640 300\" role=\"img\" aria-label=\"says &quot;a&quot; &amp; b\">\n<title>A &lt;b&gt;</title>"));
        assert!(
            chart.contains("stroke=\"var(--series-2)\" stroke-linejoin=\"round\" stroke-dasharray=\"7 4\"")
        );
        assert!(chart.contains("fill=\"var(--series-2)\"") && chart.contains("fill=\"var(--ink)\""));
        assert!(!chart.contains("http") && !chart.contains('#'));
    }

    #[test]
    fn as_a_file_it_stands_on_white_paper_in_fixed_colours() {
        let chart = themed(DRAWING, "t", "d", Theme::File);
        assert!(chart.contains("fill=\"#ffffff\"/>") && chart.contains(FILE_HUES[1]));
        assert!(!chart.contains("var(") && !chart.contains("#00020"));
    }
}
