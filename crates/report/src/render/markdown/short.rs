//! The short Markdown file: answer, picture, evidence, in the order of the page's first screens.

use crate::document::{Document, Headline, SetSection};
use crate::render::escape::{markdown as plain, markdown_code as code};
use crate::words::verdict::status_word;
use crate::words::verdicts::VerdictMatrix;

use super::figure::image;
use super::table::table;

/// Name of the file with all details.
pub(crate) const DETAILS: &str = "details.md";
/// Lines of series, and rows of tables, that the file has at most for each set.
const SERIES: usize = 6;
/// Sets of test cells in the file.
const SETS: usize = 3;

/// The text.
pub(super) fn text(document: &Document) -> String {
    let Headline { context, answer, status, figures, care, next } = &document.headline;
    let mut blocks = vec![format!("# {}", plain(answer)), plain(&context.join(" · "))];
    let (word, sentence) = &document.conformity;
    blocks.push(format!("**{}.** {word}: {}", status_word(*status), plain(sentence)));
    if !figures.is_empty() {
        let lines = figures.iter().map(|figure| {
            let detail = if figure.detail.is_empty() {
                String::new()
            } else {
                format!(" ({})", plain(&figure.detail))
            };
            format!("- {}: **{}**{detail}", plain(&figure.name), plain(&figure.value))
        });
        blocks.push(lines.collect::<Vec<_>>().join("\n"));
    }
    if !care.is_empty() {
        blocks.push("Read with care:".to_owned());
        blocks.push(care.iter().map(|line| format!("- {}", with_code(line))).collect::<Vec<_>>().join("\n"));
    }
    blocks.push(format!("**Next:** {}", with_code(next)));
    for set in document.sets.iter().take(SETS) {
        blocks.extend(set_blocks(set));
    }
    if document.sets.len() > SETS {
        blocks.push(format!(
            "{} more sets of test {} are in the details.",
            document.sets.len() - SETS,
            document.nouns.image.many
        ));
    }
    if let Some(pairs) = document.pairs.as_ref().filter(|pairs| !pairs.series.is_empty()) {
        blocks.push("## Ranks and layers".to_owned());
        blocks.extend(pairs.series.iter().take(SERIES).map(|sentence| plain(sentence)));
    }
    if let Some(splits) = &document.splits {
        blocks.push(format!("## Random against {} split", document.nouns.group.one));
        let sentences = splits.sentences.iter().take(SERIES).map(|sentence| format!("- {}", plain(sentence)));
        blocks.push(sentences.collect::<Vec<_>>().join("\n"));
    }
    blocks.push(format!(
        "All comparisons, clinical measures, charts, {}, runs and methods: [{DETAILS}]({DETAILS}).",
        document.nouns.image.many
    ));
    blocks.join("\n\n") + "\n"
}

/// A text in which backquotes mark code.
fn with_code(text: &str) -> String {
    let part = |(place, part): (usize, &str)| match (place % 2, part.strip_prefix(' ')) {
        (1, _) => code(part),
        // A line begins without spaces; what follows code keeps its own.
        (_, Some(rest)) if place > 0 => format!(" {}", plain(rest)),
        _ => plain(part),
    };
    text.split('`').enumerate().map(part).collect()
}

fn set_blocks(set: &SetSection) -> Vec<String> {
    let mut blocks = Vec::new();
    if let Some(name) = &set.name {
        blocks.push(format!("## Test set: {}", plain(name)));
    }
    if let Some(chart) = &set.chart {
        blocks.extend([image(&chart.wide), plain(&chart.wide.caption)]);
    }
    blocks.push(if set.name.is_some() { "### Configurations" } else { "## Configurations" }.to_owned());
    blocks.extend(table(&set.table));
    if let Some(matrix) = &set.verdicts {
        blocks.push(if set.name.is_some() { "### Differences" } else { "## Differences" }.to_owned());
        blocks.push(verdicts(matrix));
        blocks.extend(matrix.notes.iter().map(|note| plain(note)));
    }
    blocks
}

fn verdicts(matrix: &VerdictMatrix) -> String {
    let head = matrix.columns.iter().map(|column| plain(column)).collect::<Vec<_>>().join(" | ");
    let rule = " --- |".repeat(matrix.columns.len());
    let mut lines = vec![format!("| configuration | {head} |"), format!("| --- |{rule}")];
    for (name, cells) in &matrix.rows {
        let cells = cells.iter().map(|cell| {
            cell.as_ref()
                .map_or_else(|| "—".to_owned(), |cell| format!("{} ({})", plain(&cell.word), cell.difference))
        });
        lines.push(format!("| {} | {} |", plain(name), cells.collect::<Vec<_>>().join(" | ")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use crate::fixture;
    use crate::render::render_markdown;

    #[test]
    fn the_short_file_has_at_most_three_hundred_lines_and_leads_to_the_details() {
        for data in [fixture::ranks(), fixture::many(200), fixture::both_splits(40, 400), fixture::seeds()] {
            let markdown = render_markdown(&data).unwrap();
            assert!(markdown.text.lines().count() <= 300, "{}", markdown.text.lines().count());
            assert!(markdown.text.contains("[details.md](details.md)"));
        }
    }

    #[test]
    fn the_answer_comes_first() {
        let text = render_markdown(&fixture::seeds()).unwrap().text;
        assert!(text.starts_with("# No conclusion yet") || text.starts_with("# model_5"), "{text}");
        assert!(text.find("**Next:**").unwrap() < text.find("## Configurations").unwrap());
    }
}
