//! Colours of drawn charts: the page's variables or a file's fixed values instead of the placeholders.

use std::fmt::Write as _;

use plotters::style::RGBColor;

use crate::charts::palette::{
    BAD, BAND, DOTTED, GOOD, GRID, HUES, INK, MUTED, OPEN, SLOTS, SURFACE, line, marker,
};
use crate::charts::{Figure, ShownValue};

use super::escape::xml;

/// Where a chart is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Inside the page, whose style sheet gives light and dark colours.
    Page,
    /// A separate file on white paper.
    File,
}

/// Dashes of the first eight series; then they shift by one, as the markers do.
const DASHES: [&str; HUES] = ["", "7 4", "3 3", "10 4 2 4", "14 5", "6 3 2 3 2 3", "2 6", "18 4 4 4"];

/// The page's `--series-1` to `--series-8` in light colours. They differ in lightness as well as in hue, so that readers
/// of any colour vision tell them apart, and each has a contrast of at least 3 to white paper.
const FILE_HUES: [&str; HUES] =
    ["#344acb", "#b67012", "#004c07", "#5d0e72", "#c04279", "#0f97b6", "#865b2b", "#474a52"];

/// Puts colours, dashes and a description into what plotters drew. In the page a chart's values can be pointed at and
/// stepped through.
pub(crate) fn themed(figure: &Figure, theme: Theme) -> String {
    let Figure { drawing, title, description, values, .. } = figure;
    let body = drawing.split_once('>').map_or("", |(_, body)| body);
    let (width, height) = size(drawing);
    let mut body = body.to_owned();
    let named = [
        (INK, "ink", "#1b1f24"),
        (MUTED, "muted", "#5a636d"),
        (GRID, "grid", "#dfe3e8"),
        (SURFACE, "surface", "#ffffff"),
        (BAND, "grid", "#dfe3e8"),
        (GOOD, "good", "#157a4f"),
        (BAD, "bad", "#c02f45"),
        (OPEN, "open", "#59626c"),
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
        let dash = DASHES[(slot + slot / HUES) % HUES];
        if !dash.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(stroke, " stroke-dasharray=\"{dash}\"");
        }
        body = body.replace(&quoted(line(slot)), &stroke);
    }
    let (title, description) = (xml(title), xml(description));
    let opening = match theme {
        Theme::Page => {
            body = with_values(&body, values);
            // The parts of an image cannot be reached by keyboard.
            let role = if values.is_empty() { "img" } else { "group" };
            format!(
                "<svg class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"{role}\" aria-label=\"{description}\">\n<title>{title}</title>\n"
            )
        }
        Theme::File => {
            body = body.replace("font-family=\"sans-serif\"", "font-family=\"system-ui, sans-serif\"");
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{description}\">\n<title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
            )
        }
    };
    format!("{opening}{}", body.trim_start())
}

/// Adds the places of values with their texts, the first of which the keyboard reaches.
fn with_values(body: &str, values: &[ShownValue]) -> String {
    let Some((before, after)) = body.rsplit_once("</svg>").filter(|_| !values.is_empty()) else {
        return body.to_owned();
    };
    let mut body = format!("{before}<g class=\"values\">\n");
    for (place, ShownValue { x, y, text }) in values.iter().enumerate() {
        let (text, stop) = (xml(text), if place == 0 { 0 } else { -1 });
        // Writing to a string cannot fail.
        let _ = writeln!(
            body,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"8\" role=\"img\" aria-label=\"{text}\" tabindex=\"{stop}\"><title>{text}</title></circle>"
        );
    }
    body + "</g>\n</svg>" + after
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

    fn figure(title: &str, description: &str, values: Vec<ShownValue>) -> Figure {
        let drawing = DRAWING.to_owned();
        let [file_name, caption] = ["a.svg", "c"].map(str::to_owned);
        Figure { file_name, title: title.into(), description: description.into(), caption, drawing, values }
    }

    #[test]
    fn values_can_be_pointed_at_in_the_page_only() {
        let of = |theme| {
            let values =
                [("one < 2", 10), ("two", 20)].map(|(text, x)| ShownValue { x, y: 5, text: text.into() });
            themed(&figure("t", "d", values.into()), theme)
        };
        let page = of(Theme::Page);
        assert!(page.contains("role=\"group\"") && page.trim_end().ends_with("</g>\n</svg>"), "{page}");
        assert!(page.contains("aria-label=\"one &lt; 2\" tabindex=\"0\"><title>one &lt; 2</title></circle>"));
        assert_eq!(page.matches("tabindex=\"-1\"").count(), 1);
        assert!(!of(Theme::File).contains("<circle cx=\"10\""));
    }

    #[test]
    fn in_the_page_colours_are_variables_and_nothing_points_outside() {
        let chart = themed(&figure("A <b>", "says \"a\" & b", Vec::new()), Theme::Page);
        assert!(chart.starts_with("<svg class=\"chart\" viewBox=\"0 0 640 300\" role=\"img\" aria-label=\"says &quot;a&quot; &amp; b\">\n<title>A &lt;b&gt;</title>"));
        assert!(
            chart.contains("stroke=\"var(--series-2)\" stroke-linejoin=\"round\" stroke-dasharray=\"7 4\"")
        );
        assert!(chart.contains("fill=\"var(--series-2)\"") && chart.contains("fill=\"var(--ink)\""));
        assert!(!chart.contains("http") && !chart.contains('#'));
    }

    /// Relative luminance of a hue, as WCAG defines it.
    fn luminance(hue: &str) -> f64 {
        let linear = |from: usize| {
            let value = f64::from(u8::from_str_radix(&hue[from..from + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(1) + 0.7152 * linear(3) + 0.0722 * linear(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let [one, other] = [one, other].map(|hue| luminance(hue) + 0.05);
        one.max(other) / one.min(other)
    }

    /// Values of a variable of the style sheet, in the order of its light, dark and printed colours.
    fn of_page(name: &str) -> Vec<&'static str> {
        let sheet = include_str!("style.css");
        let name = format!("--{name}: ");
        let values = sheet.split(&name[..]).skip(1).filter_map(|rest| rest.split(';').next());
        values.filter(|value| value.len() == 7).collect()
    }

    #[test]
    fn series_stand_out_from_the_paper_in_light_and_dark() {
        for hue in FILE_HUES {
            assert!(contrast(hue, "#ffffff") >= 3.0, "{hue}");
        }
        for series in 1..=HUES {
            for (hue, paper) in of_page(&format!("series-{series}")).into_iter().zip(of_page("surface")) {
                assert!(contrast(hue, paper) >= 3.0, "{hue} on {paper}");
            }
        }
    }

    #[test]
    fn series_differ_in_lightness_whatever_colours_a_reader_sees() {
        let mut lightness = FILE_HUES.map(|hue| 116.0 * luminance(hue).cbrt() - 16.0);
        lightness.sort_by(f64::total_cmp);
        assert!(lightness.windows(2).all(|pair| pair[1] - pair[0] >= 3.0), "{lightness:?}");
    }

    #[test]
    fn no_two_of_the_first_64_series_share_hue_and_dash() {
        let looks: std::collections::BTreeSet<_> =
            (0..SLOTS).map(|slot| (slot % HUES, (slot + slot / HUES) % HUES)).collect();
        let dashes: std::collections::BTreeSet<_> = DASHES.into_iter().collect();
        assert_eq!((looks.len(), dashes.len()), (SLOTS, HUES));
    }

    #[test]
    fn as_a_file_it_stands_on_white_paper_in_fixed_colours() {
        let chart = themed(&figure("t", "d", Vec::new()), Theme::File);
        assert!(chart.contains("fill=\"#ffffff\"/>") && chart.contains(FILE_HUES[1]));
        assert!(!chart.contains("var(") && !chart.contains("#00020"));
    }
}
