//! The report as one self-contained HTML page: no script, no font and no image from elsewhere. Its one
//! script sorts and filters tables; without it they stand as they are.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::document::{Document, PairsSection};
use crate::render::escape::visible;
use crate::words::format::count;

use super::chart::chart;
use super::clinical;
use super::facts::facts;
use super::gallery;
use super::run::details;
use super::table::data_table;

const STYLE: &str = include_str!("../style.css");
const SCRIPT: &str = include_str!("../table.js");

/// Runs whose details are open at first; of more all are folded.
const OPEN_RUNS: usize = 3;
/// Comparisons in words that are open at first.
const OPEN_SENTENCES: usize = 8;

/// The page of a document, in which every character is seen.
pub(crate) fn render(document: &Document) -> String {
    visible(&page(document).into_string())
}

fn page(document: &Document) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (document.title) " · ranklab" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { "ranklab report" }
                    h1 { (document.title) }
                    @let (word, sentence) = &document.conformity;
                    p.conformity { strong { (word) ":" } " " (sentence) }
                    @for (word, sentence) in &document.banners {
                        p.banner role="note" { strong { (word) } " " (sentence) }
                    }
                }
                main {
                    section.findings aria-labelledby="in-short" {
                        h2 id="in-short" { "In short" }
                        @for (place, finding) in document.findings.iter().enumerate() {
                            p.lead[place == 0] { (finding) }
                        }
                    }
                    (contents(document))
                    section aria-labelledby="what-was-run" {
                        h2 id="what-was-run" { "What was run" }
                        (facts(&document.facts))
                    }
                    @if let Some(table) = &document.comparison {
                        section aria-labelledby="comparison" {
                            h2 id="comparison" { "Comparison" }
                            (data_table(table))
                        }
                    }
                    @if let Some(pairs) = &document.pairs { (comparisons(pairs)) }
                    @if let Some(splits) = &document.splits {
                        section aria-labelledby="splits" {
                            h2 id="splits" { "Random against patient split" }
                            ul.sentences { @for sentence in &splits.sentences { li { (sentence) } } }
                            (data_table(&splits.table))
                        }
                    }
                    @if let Some(table) = &document.operating_points {
                        section aria-labelledby="operating-points" {
                            h2 id="operating-points" { "Operating points" }
                            (data_table(table))
                        }
                    }
                    @if let Some(section) = &document.clinical { (clinical::section(section)) }
                    @if !document.figures.is_empty() {
                        section aria-labelledby="charts" {
                            h2 id="charts" { "Charts" }
                            @if let Some(note) = &document.figures_note { p { (note) } }
                            div.figures { @for figure in &document.figures { (chart(figure)) } }
                        }
                    }
                    @if let Some(galleries) = &document.galleries { (gallery::section(galleries)) }
                    @if let Some(table) = &document.all_runs {
                        section aria-labelledby="all-runs" {
                            h2 id="all-runs" { "All runs" }
                            (data_table(table))
                        }
                    }
                    @if !document.runs.is_empty() {
                        section aria-labelledby="runs" {
                            h2 id="runs" { "Runs in detail" }
                            @for run in &document.runs { (details(run, &document.class_names, document.runs.len() <= OPEN_RUNS)) }
                        }
                    }
                    @if let Some(table) = &document.unfinished {
                        section aria-labelledby="without-a-result" {
                            h2 id="without-a-result" { "Without a result" }
                            (data_table(table))
                        }
                    }
                }
                footer { p { "Made by ranklab from its runs database; the same rows give the same page." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn contents(document: &Document) -> Markup {
    html! {
        nav aria-label="Contents" {
            ul {
                li { a href="#what-was-run" { "What was run" } }
                @if document.comparison.is_some() { li { a href="#comparison" { "Comparison" } } }
                @if document.pairs.is_some() { li { a href="#pairs" { "Against each other" } } }
                @if document.splits.is_some() { li { a href="#splits" { "Random against patient split" } } }
                @if document.operating_points.is_some() { li { a href="#operating-points" { "Operating points" } } }
                @if document.clinical.is_some() { li { a href="#clinical" { "Clinical measures" } } }
                @if !document.figures.is_empty() { li { a href="#charts" { "Charts" } } }
                @if document.galleries.is_some() { li { a href="#cells" { "Cells to look at" } } }
                @if document.all_runs.is_some() { li { a href="#all-runs" { "All runs" } } }
                @if !document.runs.is_empty() {
                    li {
                        a href="#runs" { "Runs in detail" }
                        ul { @for run in &document.runs { li { a href={ "#run-" (run.words.id) } { "Run " (run.words.id) } } } }
                    }
                }
                @if document.unfinished.is_some() { li { a href="#without-a-result" { "Without a result" } } }
            }
        }
    }
}

fn comparisons(pairs: &PairsSection) -> Markup {
    let (first, rest) = pairs.sentences.split_at(pairs.sentences.len().min(OPEN_SENTENCES));
    html! {
        section aria-labelledby="pairs" {
            h2 id="pairs" { "Against each other" }
            @if !first.is_empty() { ul.sentences { @for sentence in first { li { (sentence) } } } }
            @if !rest.is_empty() {
                details.sentences {
                    summary { (count(rest.len(), "more comparison")) }
                    ul { @for sentence in rest { li { (sentence) } } }
                }
            }
            @for sentence in pairs.series.iter().chain(&pairs.not_compared) { p { (sentence) } }
            @for table in pairs.table.iter().chain(&pairs.other_measures) { (data_table(table)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture;
    use crate::render::render_html;

    #[test]
    fn the_same_rows_give_the_same_bytes() {
        assert_eq!(render_html(&fixture::ranks()).unwrap(), render_html(&fixture::ranks()).unwrap());
        assert_eq!(render_html(&fixture::seeds()).unwrap(), render_html(&fixture::seeds()).unwrap());
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        let page = render_html(&fixture::ranks()).unwrap();
        for outside in ["http:", "https:", "<script src", "fetch(", "<link", "<img", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\"").count());
    }

    #[test]
    fn markup_in_names_stays_text() {
        let page = render_html(&fixture::hostile()).unwrap();
        assert_eq!(page.matches("<script").count(), 1, "the page's own");
        assert_eq!((page.matches("</script>").count(), page.matches("</style>").count()), (1, 1));
        assert!(!page.contains("<img"));
        assert!(page.contains("&lt;script&gt;"));
    }

    #[test]
    fn tables_are_whole_without_the_script_and_tell_it_what_to_sort_by() {
        let page = render_html(&fixture::ranks()).unwrap();
        let (_, body) = page.split_once("<body>").unwrap();
        let (before, _) = body.split_once("<script>").unwrap();
        assert!(before.contains("<table class=\"sortable\">") && !before.contains("<button"));
        // Training times sort by seconds, whatever their words.
        assert!(before.contains(r#"data-order="81">"#) && before.contains("1 min 21 s"));
        assert!(!before.contains("aria-sort"));
    }

    #[test]
    fn every_link_of_the_contents_leads_somewhere() {
        let page = render_html(&fixture::ranks()).unwrap();
        let targets: Vec<&str> =
            page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(targets.len() >= 8);
        for target in targets {
            assert_eq!(page.matches(&format!(" id=\"{target}\"")).count(), 1, "{target}");
        }
    }

    #[test]
    fn generated_images_are_announced_before_anything_else() {
        let mut data = fixture::ranks();
        assert!(!render_html(&data).unwrap().contains("SYNTHETIC"));
        data.runs[0].row.start.synthetic = true;
        let page = render_html(&data).unwrap();
        assert!(page.find("SYNTHETIC").unwrap() < page.find("In short").unwrap());
    }

    #[test]
    fn the_best_value_is_marked_by_more_than_colour() {
        let page = render_html(&fixture::ranks()).unwrap();
        assert!(page.contains(r#"<strong class="best"><span aria-hidden="true">★ </span>98.00"#));
    }
}
