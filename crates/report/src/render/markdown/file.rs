//! The report as GitHub-flavoured Markdown with its figures as files beside it.

use ranklab_stats::ConfusionMatrix;

use crate::analysis::ClassNames;
use crate::document::{ClinicalSection, Document, RunSection};
use crate::render::escape::{markdown as plain, markdown_code as code, visible};
use crate::render::theme::{Theme, themed};
use crate::words::format::{percent, thousands};
use crate::words::table::Fact;

use super::figure::{chart, image};
use super::gallery;
use super::short;
use super::table::table;

/// A report as Markdown: a short file, one with all details, and what they show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Markdown {
    /// The short file; figures are linked as `figures/NAME`.
    pub text: String,
    /// The file with all tables, statements and runs.
    pub details: String,
    /// File names and SVG texts of the figures.
    pub figures: Vec<(String, String)>,
    /// File names and PNG files of cells, linked in the same way.
    pub pictures: Vec<(String, Vec<u8>)>,
}

/// The Markdown files of a document.
pub(crate) fn render(document: &Document) -> Markdown {
    let clinical = document.clinical.iter().flat_map(|section| &section.figures);
    let of_runs = document.runs.iter().flat_map(|run| &run.figures);
    let answers = document.sets.iter().filter_map(|set| set.chart.as_ref()).map(|chart| &chart.wide);
    let drawn = answers.chain(clinical).chain(document.overview()).chain(of_runs);
    let figures =
        drawn.map(|figure| (figure.file_name.clone(), visible(&themed(figure, Theme::File)))).collect();
    let galleries = document.galleries.as_ref().map(gallery::render).unwrap_or_default();
    Markdown {
        text: visible(&short::text(document)),
        details: visible(&text(document, galleries.blocks)),
        figures,
        pictures: galleries.pictures,
    }
}

fn text(document: &Document, galleries: Vec<String>) -> String {
    let mut blocks = vec![format!("# {}", plain(&document.title))];
    let (word, sentence) = &document.conformity;
    blocks.push(format!("**{word}:** {}", plain(sentence)));
    for (word, sentence) in &document.banners {
        blocks.push(warning(word, sentence));
    }
    blocks.push("## In short".to_owned());
    blocks.extend(document.findings.iter().map(|finding| plain(finding)));
    blocks.push("## What was run".to_owned());
    blocks.push(facts(&document.facts));
    if let Some(comparison) = &document.comparison {
        blocks.push("## Comparison".to_owned());
        blocks.extend(table(comparison));
    }
    if let Some(pairs) = &document.pairs {
        blocks.push("## Against each other".to_owned());
        let sentences: Vec<String> =
            pairs.sentences.iter().map(|sentence| format!("- {}", plain(sentence))).collect();
        if !sentences.is_empty() {
            blocks.push(sentences.join("\n"));
        }
        blocks.extend(pairs.series.iter().chain(&pairs.not_compared).map(|sentence| plain(sentence)));
        blocks.extend(pairs.table.iter().chain(&pairs.other_measures).flat_map(table));
    }
    if let Some(splits) = &document.splits {
        blocks.push(format!("## Random against {} split", document.nouns.group.one));
        let sentences = splits.sentences.iter().map(|sentence| format!("- {}", plain(sentence)));
        blocks.push(sentences.collect::<Vec<_>>().join("\n"));
        blocks.extend(table(&splits.table));
    }
    if let Some(points) = &document.operating_points {
        blocks.push("## Operating points".to_owned());
        blocks.extend(table(points));
    }
    blocks.extend(document.clinical.iter().flat_map(clinical));
    if let Some(external) = &document.external {
        blocks.push("## External validation".to_owned());
        blocks.extend(table(external));
    }
    if document.overview().next().is_some() {
        blocks.push("## Charts".to_owned());
        blocks.extend(document.figures_note.iter().map(|note| plain(note)));
        blocks.extend(document.overview().flat_map(chart));
    }
    blocks.extend(galleries);
    if let Some(all) = &document.all_runs {
        blocks.push("## All runs".to_owned());
        blocks.extend(table(all));
    }
    if !document.runs.is_empty() {
        blocks.push("## Runs in detail".to_owned());
        for section in &document.runs {
            blocks.extend(run(section, &document.class_names));
        }
    }
    if let Some(unfinished) = &document.unfinished {
        blocks.push("## Without a result".to_owned());
        blocks.extend(table(unfinished));
    }
    blocks.push("---".to_owned());
    blocks.push("Made by ranklab from its runs database; the same rows give the same file.".to_owned());
    blocks.join("\n\n") + "\n"
}

fn clinical(ClinicalSection { words, figures }: &ClinicalSection) -> Vec<String> {
    let mut blocks = vec!["## Clinical measures".to_owned()];
    blocks.extend(words.sentences.iter().map(|sentence| plain(sentence)));
    for part in &words.parts {
        blocks.push(format!("### {}", part.title));
        blocks.extend(part.notes.iter().map(|note| plain(note)));
        blocks.extend(part.table.iter().flat_map(table));
    }
    blocks.extend(figures.iter().flat_map(chart));
    blocks
}

fn warning(word: &str, sentence: &str) -> String {
    format!("> [!WARNING]\n> **{word}** — {}", plain(sentence))
}

fn run(RunSection { words: section, figures }: &RunSection, classes: &ClassNames) -> Vec<String> {
    let tag = if section.is_synthetic { " — SYNTHETIC" } else { "" };
    let mut blocks =
        vec![format!("### Run {}: {} — {}{tag}", section.id, plain(&section.name), section.accuracy)];
    blocks.extend(section.warnings.iter().map(|sentence| warning("NOT CONVERGED", &format!("{sentence}."))));
    blocks.extend(table(&section.report));
    blocks.push(confusion(&section.matrix, classes));
    if !figures.is_empty() {
        blocks.push(figures.iter().map(image).collect::<Vec<_>>().join("\n"));
    }
    blocks.push(facts(&section.facts));
    blocks
}

fn facts(facts: &[Fact]) -> String {
    let mut lines = Vec::new();
    for fact in facts {
        let value = |value: &String| if fact.is_code { code(value) } else { plain(value) };
        match fact.values.as_slice() {
            [only] => lines.push(format!("- **{}:** {}", fact.name, value(only))),
            several => {
                lines.push(format!("- **{}:**", fact.name));
                lines.extend(several.iter().map(|one| format!("  - {}", value(one))));
            }
        }
    }
    lines.join("\n")
}

fn confusion(matrix: &ConfusionMatrix, classes: &ClassNames) -> String {
    let cell = |count: u64, all: u64| {
        let share = if all == 0 { 0.0 } else { count as f64 / all as f64 };
        format!("{} ({} %)", thousands(i64::try_from(count).unwrap_or(i64::MAX)), percent(share))
    };
    let (negatives, positives) = (matrix.negatives(), matrix.positives());
    format!(
        "| truly | called {} | called {} |\n| --- | --: | --: |\n| {} | {} | {} |\n| {} | {} | {} |",
        plain(&classes.negative_word()),
        plain(&classes.positive_word()),
        plain(&classes.negative),
        cell(matrix.true_negatives, negatives),
        cell(matrix.false_positives, negatives),
        plain(&classes.positive),
        cell(matrix.false_negatives, positives),
        cell(matrix.true_positives, positives),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::render::render_markdown;
    use crate::render::report::document_of;

    #[test]
    fn the_same_rows_give_the_same_bytes() {
        assert_eq!(render_markdown(&fixture::ranks()).unwrap(), render_markdown(&fixture::ranks()).unwrap());
    }

    #[test]
    fn the_file_says_all_that_the_page_says_of_pairs() {
        let document = document_of(&fixture::ranks()).unwrap();
        let (page, file) = (crate::render::html::render(&document), render(&document).details);
        for sentence in document.pairs.unwrap().sentences.iter().chain(&document.findings) {
            assert!(page.contains(sentence.as_str()), "{sentence}");
            assert!(file.contains(&plain(sentence)), "{sentence}");
        }
    }

    #[test]
    fn every_figure_is_shown_once_and_every_shown_figure_is_there() {
        let markdown = render_markdown(&fixture::ranks()).unwrap();
        let shown = markdown.text.clone() + &markdown.details;
        assert_eq!(shown.matches("](figures/").count(), markdown.figures.len());
        for (name, svg) in &markdown.figures {
            assert_eq!(shown.matches(&format!("](figures/{name})")).count(), 1, "{name}");
            assert!(svg.starts_with("<svg xmlns=") && svg.trim_end().ends_with("</svg>"), "{name}");
        }
    }

    #[test]
    fn every_row_of_a_table_has_as_many_cells_as_its_head() {
        let markdown = render_markdown(&fixture::hostile()).unwrap();
        let bars = |line: &str| line.replace("\\|", "").matches('|').count();
        let mut previous: Option<usize> = None;
        for line in markdown.text.lines().chain(markdown.details.lines()) {
            let width = line.starts_with('|').then(|| bars(line));
            if let (Some(one), Some(next)) = (previous, width) {
                assert_eq!(one, next, "{line}");
            }
            previous = width;
        }
    }

    #[test]
    fn markup_in_names_stays_text() {
        let markdown = render_markdown(&fixture::hostile()).unwrap();
        // In a span of code nothing is markup.
        let lines = markdown.text.lines().chain(markdown.details.lines());
        let outside_code = lines.filter(|line| !line.starts_with("- **Command:** `"));
        for line in outside_code {
            assert!(!line.contains("<script") && !line.contains("<img"), "{line}");
        }
        assert!(markdown.figures.iter().all(|(_, svg)| !svg.contains("<script")));
    }
}
