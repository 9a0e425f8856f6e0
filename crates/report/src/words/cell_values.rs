//! Predictive values of calls of cells in words.

use ranklab_settings::Words;

use crate::analysis::{Analysis, CellValues, ClinicalConfiguration};

use super::clinical_part::{ClinicalPart, name, prevalence, shown, value};
use super::format::confidence;
use super::operating_points::aim_words;
use super::table::{Cell, Column, Table};

/// The part on predictive values.
pub(super) fn part(analysis: &Analysis) -> ClinicalPart {
    let rows: Vec<Vec<Cell>> = shown(analysis)
        .flat_map(|one| one.cell_values.iter().map(move |values| row(analysis, one, values)))
        .collect();
    let Words { images, .. } = analysis.nouns.words();
    let without =
        format!("There are no predictive values of {images}: no threshold was chosen on validation images.");
    let notes = if rows.is_empty() { vec![without] } else { Vec::new() };
    let table = (!rows.is_empty()).then(|| table(analysis, rows));
    ClinicalPart { title: "Predictive values".to_owned(), notes, table }
}

fn table(analysis: &Analysis, rows: Vec<Vec<Cell>>) -> Table {
    let positive = analysis.class_names.positive_word();
    let Words { images, .. } = analysis.nouns.words();
    let caption = format!(
        "Single {images} at the operating points above, where {} of {images} are {positive}: the share that is {positive} among {images} \
         called so (PPV), and the share that is not among the others (NPV), by Bayes' theorem. In brackets are {} intervals by \
         MOVER, from those of sensitivity and specificity, taken as independent. They hold for these trained networks and \
         thresholds.",
        prevalence(&analysis.options),
        confidence(&analysis.options)
    );
    let columns = vec![
        Column::text("configuration"),
        Column::text("chosen on validation"),
        Column::number("PPV, %"),
        Column::number("NPV, %"),
    ];
    Table { caption, columns, rows }
}

fn row(analysis: &Analysis, one: &ClinicalConfiguration, found: &CellValues) -> Vec<Cell> {
    let values = &found.values;
    vec![
        name(analysis, one).into(),
        aim_words(found.aim).into(),
        value(values.positive),
        value(values.negative),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn each_operating_point_has_its_values_at_the_prevalence() {
        let mut data = fixture::ranks();
        data.options.prevalence = 0.025;
        let table = part(&analyse(&data).unwrap()).table.unwrap();
        assert!(table.caption.contains("where 2.5 % of cells are parasitized"), "{}", table.caption);
        assert_eq!(table.rows.len(), 6);
        let texts: Vec<&str> = table.rows[0].iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(texts[..2], ["model_4", "Youden's J largest"]);
        // No negative cell is called positive at that threshold.
        assert!(texts[2].starts_with("100.0 (") && texts[2].ends_with("to 100.0)"), "{texts:?}");
        assert!(texts[3].starts_with("99.8 ("), "{texts:?}");
    }

    #[test]
    fn without_thresholds_there_are_no_values() {
        let mut data = fixture::ranks();
        data.runs.iter_mut().for_each(|run| run.validation.clear());
        let part = part(&analyse(&data).unwrap());
        assert_eq!(part.table, None);
        assert!(part.notes[0].contains("no threshold was chosen on validation images"));
    }
}
