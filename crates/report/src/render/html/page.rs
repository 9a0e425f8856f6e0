//! The report as one self-contained HTML page: no script, no font and no image from elsewhere. Its scripts sort and
//! filter tables, show the values of charts and mark the current section; without them everything stands as it is.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::document::Document;
use crate::render::escape::visible;

use super::chart::chart;
use super::clinical;
use super::facts::facts;
use super::gallery;
use super::headline::header;
use super::run::details;
use super::set;
use super::table::data_table;

/// The style of every page.
pub(super) const STYLE: &str = include_str!("../style.css");
/// Sorts and filters tables.
pub(super) const TABLE_SCRIPT: &str = include_str!("../scripts/table.js");
const SCRIPTS: [&str; 3] =
    [TABLE_SCRIPT, include_str!("../scripts/contents.js"), include_str!("../scripts/chart.js")];

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
                title { (document.headline.answer) " · " (document.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (contents(document))
                div.page {
                    (header(document))
                    main { (results(document)) (evidence(document)) (methods(document)) }
                    footer { p { "Made by ranklab from its runs database; the same rows give the same page." } }
                }
                script { (PreEscaped(SCRIPTS.join("\n"))) }
            }
        }
    }
}

/// Configurations, differences and what they rest on, set by set.
fn results(document: &Document) -> Markup {
    html! {
        (set::sets(document))
        @if let Some(splits) = &document.splits {
            section aria-labelledby="splits" {
                h2 id="splits" { "Random against " (document.nouns.group.one) " split" }
                ul.sentences { @for sentence in &splits.sentences { li { (sentence) } } }
                details.more { summary { "In numbers" } (data_table(&splits.table)) }
            }
        }
        @if let Some(table) = &document.operating_points {
            details.more.fold { summary id="operating-points" { "Operating points" } (data_table(table)) }
        }
        @if let Some(section) = &document.clinical { (clinical::section(section)) }
        @if let Some(table) = &document.external {
            section aria-labelledby="external" { h2 id="external" { "External validation" } (data_table(table)) }
        }
    }
}

/// Cells and runs.
fn evidence(document: &Document) -> Markup {
    let learning = document.sets.iter().filter_map(|set| set.figures.as_ref()).flat_map(|all| &all.learning);
    html! {
        @if let Some(galleries) = &document.galleries { (gallery::section(galleries)) }
        @if let Some(table) = &document.all_runs {
            section aria-labelledby="runs" {
                h2 id="runs" { "Runs" }
                (data_table(table))
                details.more { summary { "Learning curves" } div.figures { @for figure in learning { (chart(figure)) } } }
                details.more {
                    summary { "Runs in detail" }
                    @for run in &document.runs { (details(run, &document.class_names, &document.nouns)) }
                }
            }
        }
        @if let Some(table) = &document.unfinished {
            section aria-labelledby="without-a-result" {
                h2 id="without-a-result" { "Without a result" }
                (data_table(table))
            }
        }
    }
}

/// What was run, and all statements with their conditions.
fn methods(document: &Document) -> Markup {
    html! {
        section aria-labelledby="methods" {
            h2 id="methods" { "Methods" }
            @for (word, sentence) in &document.banners {
                p.banner role="note" { strong { (word) } " " (sentence) }
            }
            h3 { "In full" }
            @for finding in &document.findings { p { (finding) } }
            @if let Some(note) = &document.figures_note { p { (note) } }
            h3 id="what-was-run" { "What was run" }
            (facts(&document.facts))
        }
    }
}

/// Links to the sections.
fn contents(document: &Document) -> Markup {
    let mut links = vec![("answer".to_owned(), "Answer".to_owned())];
    links.extend(set::links(document));
    let against = format!("Random against {}", document.nouns.group.one);
    let galleries = document.galleries.as_ref().map_or("", |section| &section.title);
    let others = [
        (document.splits.is_some(), "splits", against.as_str()),
        (document.operating_points.is_some(), "operating-points", "Operating points"),
        (document.clinical.is_some(), "clinical", "Clinical measures"),
        (document.external.is_some(), "external", "External validation"),
        (document.galleries.is_some(), "cells", galleries),
        (document.all_runs.is_some(), "runs", "Runs"),
        (document.unfinished.is_some(), "without-a-result", "Without a result"),
        (true, "methods", "Methods"),
    ];
    links.extend(
        others.into_iter().filter(|(there, ..)| *there).map(|(_, id, title)| (id.into(), title.into())),
    );
    html! {
        nav aria-label="Contents" {
            p.brand { "ranklab" }
            ul { @for (id, title) in &links { li { a href={ "#" (id) } { (title) } } } }
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
        let named = page.matches("<svg class=\"chart\"").count();
        assert_eq!((page.matches("<svg").count(), page.matches("<svg ").count()), (named, named));
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
        assert!(page.find("SYNTHETIC").unwrap() < page.find("<div class=\"first\">").unwrap());
    }

    #[test]
    fn the_best_value_is_marked_by_more_than_colour() {
        let page = render_html(&fixture::ranks()).unwrap();
        assert!(page.contains(r#"<strong class="best"><span aria-hidden="true">★ </span>98.00"#));
    }
}
