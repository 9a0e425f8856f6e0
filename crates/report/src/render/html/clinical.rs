//! Clinical measures in the page.

use maud::{Markup, html};

use crate::document::ClinicalSection;

use super::chart::chart;
use super::table::data_table;

/// The section.
pub(super) fn section(ClinicalSection { words, figures }: &ClinicalSection) -> Markup {
    html! {
        details.more.fold {
            summary id="clinical" { "Clinical measures" }
            @for sentence in &words.sentences { p { (sentence) } }
            @for part in &words.parts {
                h3 { (part.title) }
                @for note in &part.notes { p { (note) } }
                @if let Some(table) = &part.table { (data_table(table)) }
            }
            @if !figures.is_empty() { div.figures { @for figure in figures { (chart(figure)) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture;
    use crate::render::render_html;

    #[test]
    fn the_section_follows_the_operating_points_and_ends_with_the_decision_curve() {
        let page = render_html(&fixture::ranks()).unwrap();
        let place = |text: &str| page.find(text).unwrap();
        assert!(place("<summary id=\"operating-points\">") < place("<summary id=\"clinical\">"));
        let (_, section) = page.split_once("<summary id=\"clinical\">").unwrap();
        let (section, _) = section.split_once("</details>").unwrap();
        let headings: Vec<&str> =
            section.split("<h3>").skip(1).filter_map(|rest| rest.split("</h3>").next()).collect();
        assert_eq!(headings[..4], ["Per patient", "Predictive values", "Calibration", "Decision curve"]);
        assert_eq!(headings[4..], ["Net benefit by threshold probability"]);
        assert!(section.trim_end().ends_with("</div>") && section.matches("<svg").count() == 1);
    }
}
