//! Reports on slides and images: none of their texts speaks of patients or cells.

use crate::data::ReportData;
use crate::fixture;
use crate::render::{render_html, render_markdown};

/// Words of the malaria cells.
const WORDS: [&str; 4] = ["patient", "patients", "cell", "cells"];
/// Attributes of HTML and SVG that no reader sees.
const UNSEEN: [&str; 8] =
    ["class", "id", "href", "src", "aria-labelledby", "aria-describedby", "headers", "style"];

/// The rows of a fixture as a dataset of slides, whose name the group rule gives.
fn of_slides(mut data: ReportData) -> ReportData {
    let own = r#""positive":"tumour","negative":"normal","group":"(?P<slide>s[0-9]+)_""#;
    for run in &mut data.runs {
        let start = &mut run.row.start;
        start.config = match start.config.contains(r#"{"data":{"#) {
            true => start.config.replacen(r#"{"data":{"#, &format!(r#"{{"data":{{{own},"#), 1),
            false => start.config.replacen('{', &format!(r#"{{"data":{{{own}}},"#), 1),
        };
        start.dataset = "slides.zip".into();
    }
    data
}

/// The rows of a fixture with images of unknown groups.
fn without_groups(mut data: ReportData) -> ReportData {
    for run in &mut data.runs {
        for row in run.predictions.iter_mut().chain(&mut run.validation) {
            row.patient = row.image.clone();
        }
    }
    data
}

/// The rows of a fixture without validation predictions.
fn without_validation(mut data: ReportData) -> ReportData {
    data.runs.iter_mut().for_each(|run| run.validation.clear());
    data
}

/// A text without its parts from one mark to another.
fn without(text: &str, from: &str, to: &str) -> String {
    let mut parts = text.split(from);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + " " + part.split_once(to).map_or("", |(_, rest)| rest))
}

/// What a reader reads of HTML or SVG, with the texts of attributes.
fn read_of_markup(text: &str) -> String {
    let hidden = [("<style", "</style>"), ("<script", "</script>"), ("<pre", "</pre>"), ("<code", "</code>")];
    let mut text = hidden.iter().fold(text.to_owned(), |text, (from, to)| without(&text, from, to));
    for attribute in UNSEEN {
        text = without(&text, &format!(" {attribute}=\""), "\"");
    }
    // The cells of a table of verdicts.
    text.replace("Each cell unfolds to its sentence.", "")
}

/// What a reader reads of Markdown, with texts in place of images.
fn read_of_markdown(text: &str) -> String {
    without(&without(text, "`", "`"), "](", ")")
}

/// Uses of words of the malaria cells, with the words around them.
fn found_in(text: &str) -> Vec<String> {
    let text = text.replace("split=patient", "");
    let ends = |letter: char| !letter.is_alphanumeric() && letter != '_';
    let words: Vec<&str> = text.split(ends).filter(|word| !word.is_empty()).collect();
    let is_found = |place: &usize| WORDS.contains(&words[*place].to_lowercase().as_str());
    let around = |place: usize| words[place.saturating_sub(6)..words.len().min(place + 4)].join(" ");
    (0..words.len()).filter(is_found).map(around).collect()
}

/// All texts of a report for readers.
fn read(data: &ReportData) -> String {
    let (page, markdown) = (render_html(data).unwrap(), render_markdown(data).unwrap());
    let mut texts = vec![read_of_markup(&page)];
    texts.extend([&markdown.text, &markdown.details].map(|text| read_of_markdown(text)));
    texts.extend(markdown.figures.iter().map(|(_, svg)| read_of_markup(svg)));
    texts.join("\n")
}

#[test]
fn a_report_on_slides_speaks_of_slides_and_images() {
    let seeds = || fixture::large_seeds([40, 44, 42], [400, 410, 405]);
    let all = [
        ("ranks", fixture::ranks()),
        ("pictures", fixture::with_pictures()),
        ("seeds", fixture::seeds()),
        ("many images", seeds()),
        ("series", fixture::seed_series(&[(1, [40, 44, 42]), (4, [41, 42, 43]), (16, [400, 410, 405])])),
        ("folds", fixture::folds()),
        ("healthy", fixture::healthy_patients()),
        ("classical", fixture::against_classical(40, 400)),
        ("few", fixture::on_patients(3, 40, 400)),
        ("splits", fixture::both_splits(40, 400)),
        ("equal splits", fixture::both_splits(40, 40)),
        ("external", fixture::externally_validated()),
        ("no groups", without_groups(fixture::ranks())),
        ("no groups, seeds", without_groups(seeds())),
        ("no validation", without_validation(fixture::ranks())),
    ];
    for (name, data) in all {
        let text = read(&of_slides(data));
        assert_eq!(found_in(&text), Vec::<String>::new(), "{name}");
        assert!(text.contains("slide") && text.contains("test images"), "{name}");
    }
}

#[test]
fn words_of_the_malaria_cells_are_found_wherever_a_reader_sees_them() {
    let text = read(&fixture::with_pictures());
    for part in
        ["Errors by patient", "Cells to look at", "Cell of patient", "patients worst first", "test cells"]
    {
        assert!(found_in(&text).iter().any(|found| found.contains(part)), "{part}");
    }
    let unseen = r#"<h2 id="cells" class="cell">Images</h2><code>split=patient</code><style>.cell{}</style>"#;
    assert_eq!(found_in(&read_of_markup(unseen)), Vec::<String>::new());
    assert_eq!(found_in(&read_of_markup(r#"<img class="cell" alt="Cell 3">"#)).len(), 1);
}
