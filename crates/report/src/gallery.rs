//! Cells to look at: those that every run gets wrong, and those on which runs disagree.

use std::sync::Arc;

use crate::cells::TestCells;
use crate::comparison::Group;
use crate::data::ReportData;
use crate::format::{NONE, count, percent, thousands};
use crate::intervals::Measured;
use crate::pictures::Picture;
use crate::table::{Cell, Column, Table};

/// Cells in one gallery.
const CELLS: usize = 24;
/// Configurations whose probabilities stand with a cell.
const CONFIGURATIONS: usize = 6;

/// A cell of a gallery.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GalleryCell {
    /// Image name.
    pub(crate) image: Arc<str>,
    patient: Arc<str>,
    parasitized: bool,
    /// Repeats that call it wrongly.
    wrong: usize,
    /// Place of each configuration, the most accurate first, and its probability of parasitized, averaged
    /// over repeats.
    probabilities: Vec<(usize, f64)>,
}

/// The galleries of the configurations that share their test cells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chosen {
    /// Places of the configurations, the largest set of the report.
    pub(crate) set: Vec<usize>,
    /// The most accurate of them.
    pub(crate) best: usize,
    repeats: usize,
    cells: usize,
    all_wrong: usize,
    all_disagreed: usize,
    /// Cells that every repeat gets wrong, the surest mistakes first.
    pub(crate) wrong: Vec<GalleryCell>,
    /// Cells that some get right and some wrong, the most even first.
    pub(crate) disagreed: Vec<GalleryCell>,
}

/// Chooses the cells; `None` without predictions. Of several sets of cells the one that most
/// configurations were tested on counts, of equals the first.
pub(crate) fn choose(cells: &[Option<&TestCells>]) -> Option<Chosen> {
    let mut sets: Vec<(&TestCells, Vec<usize>)> = Vec::new();
    for (place, one) in cells.iter().enumerate() {
        let Some(one) = one else { continue };
        match sets.iter_mut().find(|(known, _)| known.are_those_of(one)) {
            Some((_, set)) => set.push(place),
            None => sets.push((one, vec![place])),
        }
    }
    let (first, set) =
        sets.into_iter().reduce(|most, next| if next.1.len() > most.1.len() { next } else { most })?;
    let of_set: Vec<(usize, &TestCells)> =
        set.iter().filter_map(|place| Some((*place, cells[*place]?))).collect();
    let mut by_accuracy = of_set.clone();
    // Of equals the first stays first.
    by_accuracy.sort_by(|one, other| other.1.accuracy().total_cmp(&one.1.accuracy()));
    let repeats: usize = of_set.iter().map(|(_, one)| one.repeats.len()).sum();
    let (mut wrong, mut disagreed) = (Vec::new(), Vec::new());
    for cell in 0..first.labels.len() {
        let right = |one: &TestCells| one.correctness[cell] * one.repeats.len() as f64;
        let right = of_set.iter().map(|(_, one)| right(one)).sum::<f64>().round() as usize;
        if right < repeats {
            if right == 0 { &mut wrong } else { &mut disagreed }.push((cell, repeats - right));
        }
    }
    let (all_wrong, all_disagreed) = (wrong.len(), disagreed.len());
    let probability = |one: &TestCells, cell: usize| {
        one.repeats.iter().map(|repeat| repeat[cell]).sum::<f64>() / one.repeats.len() as f64
    };
    let parasitized = |cell: usize| first.labels[cell] == 1;
    // Probability of the wrong class, averaged over configurations.
    let sureness = |cell: usize| {
        let mean = of_set.iter().map(|(_, one)| probability(one, cell)).sum::<f64>() / of_set.len() as f64;
        if parasitized(cell) { 1.0 - mean } else { mean }
    };
    // Cells are in the order of their names, and sorting keeps it among equals.
    wrong.sort_by(|one, other| sureness(other.0).total_cmp(&sureness(one.0)));
    let unevenness = |wrong: usize| (2 * wrong).abs_diff(repeats);
    disagreed.sort_by(|one, other| {
        unevenness(one.1).cmp(&unevenness(other.1)).then(sureness(other.0).total_cmp(&sureness(one.0)))
    });
    let show = |chosen: Vec<(usize, usize)>| -> Vec<GalleryCell> {
        let shown = chosen.into_iter().take(CELLS).map(|(cell, wrong)| GalleryCell {
            image: Arc::clone(&first.images[cell]),
            patient: Arc::clone(&first.patients[cell]),
            parasitized: parasitized(cell),
            wrong,
            probabilities: by_accuracy
                .iter()
                .take(CONFIGURATIONS)
                .map(|(place, one)| (*place, probability(one, cell)))
                .collect(),
        });
        shown.collect()
    };
    Some(Chosen {
        best: by_accuracy.first()?.0,
        repeats,
        cells: first.labels.len(),
        all_wrong,
        all_disagreed,
        wrong: show(wrong),
        disagreed: show(disagreed),
        set,
    })
}

/// A cell as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Card {
    /// What is seen, for those who do not.
    pub(crate) description: String,
    /// Image name.
    pub(crate) image: String,
    /// `Patient C12, parasitized; called uninfected by 3 of 9 runs`.
    pub(crate) caption: String,
    /// Configurations and their probabilities of parasitized.
    pub(crate) probabilities: Vec<(String, String)>,
    /// The picture, if there is one.
    pub(crate) picture: Option<Picture>,
}

/// One gallery.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gallery {
    /// Heading.
    pub(crate) title: &'static str,
    /// How many cells there are, how they are ordered.
    pub(crate) caption: String,
    /// The cells.
    pub(crate) cards: Vec<Card>,
}

/// The galleries of a report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GallerySection {
    /// What the pictures are, and what is missing.
    pub(crate) notes: Vec<String>,
    /// Those with any cells.
    pub(crate) galleries: Vec<Gallery>,
}

/// The galleries; `None` where no cell is called wrongly.
pub(crate) fn section(data: &ReportData, groups: &[Group], measured: &[Measured]) -> Option<GallerySection> {
    let cells: Vec<Option<&TestCells>> = measured.iter().map(|one| one.cells()).collect();
    let chosen = choose(&cells)?;
    let runs = count(chosen.repeats, "run");
    let tested = format!(
        "{} tested on the same {} cells{}",
        count(chosen.set.len(), "configuration"),
        thousands(chosen.cells as i64),
        if chosen.set.len() < groups.len() { ", the most of this report that share their cells" } else { "" }
    );
    let shown = |all: usize| if all > CELLS { format!(" {CELLS} of them are shown.") } else { String::new() };
    let cards = |cells: &[GalleryCell]| cells.iter().map(|cell| card(data, groups, cell, &chosen)).collect();
    let wrong = Gallery {
        title: "Cells that every run gets wrong",
        caption: format!(
            "{}, of {tested}: {runs}, folds of a seed counted as one. The surest mistakes come first.{}",
            count(chosen.all_wrong, "cell"),
            shown(chosen.all_wrong)
        ),
        cards: cards(&chosen.wrong),
    };
    let disagreed = Gallery {
        title: "Cells on which runs disagree",
        caption: format!(
            "{}, of {tested}: {runs}, folds of a seed counted as one. Those that divide the runs most evenly come first.{}",
            count(chosen.all_disagreed, "cell"),
            shown(chosen.all_disagreed)
        ),
        cards: cards(&chosen.disagreed),
    };
    let galleries: Vec<Gallery> =
        [wrong, disagreed].into_iter().filter(|gallery| !gallery.cards.is_empty()).collect();
    if galleries.is_empty() {
        return None;
    }
    Some(GallerySection { notes: notes(data, &galleries), galleries })
}

fn notes(data: &ReportData, galleries: &[Gallery]) -> Vec<String> {
    let pictures =
        || galleries.iter().flat_map(|gallery| &gallery.cards).filter_map(|card| card.picture.as_ref());
    let mut notes = Vec::new();
    if pictures().next().is_some() {
        notes.push("Each cell is shown as the network sees it.".to_owned());
    }
    let mut runs: Vec<i64> = pictures().filter_map(|picture| Some(picture.heat.as_ref()?.0)).collect();
    runs.sort_unstable();
    runs.dedup();
    if !runs.is_empty() {
        let listed = runs.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
        notes.push(format!(
            "Beside it Grad-CAM (Selvaraju et al. 2017) of run{} {listed}: the lighter, the more the last convolution \
             speaks for the class that the run calls, as a share of the highest value in the image. Its map is coarse \
             and was enlarged; it shows where the network looks and proves no reason.",
            if runs.len() > 1 { "s" } else { "" }
        ));
    }
    notes.extend(data.pictures.missing.iter().cloned());
    notes
}

fn class(parasitized: bool) -> &'static str {
    if parasitized { "parasitized" } else { "uninfected" }
}

fn card(data: &ReportData, groups: &[Group], cell: &GalleryCell, chosen: &Chosen) -> Card {
    let (truth, called) = (class(cell.parasitized), class(!cell.parasitized));
    let by = match (cell.wrong == chosen.repeats, chosen.repeats) {
        (true, 1) => "by the run".to_owned(),
        (true, all) => format!("by all {all} runs"),
        (false, all) => format!("by {} of {all} runs", cell.wrong),
    };
    let probability = |(place, value): &(usize, f64)| (groups[*place].name.clone(), percent(*value));
    Card {
        description: format!("Cell of patient {}, {truth}, called {called} {by}", cell.patient),
        image: cell.image.to_string(),
        caption: format!("Patient {}, {truth}; called {called} {by}", cell.patient),
        probabilities: cell.probabilities.iter().map(probability).collect(),
        picture: data.pictures.of.get(&cell.image).cloned(),
    }
}

impl Gallery {
    /// The cells as a table, for where there are no pictures.
    pub(crate) fn table(&self) -> Table {
        let columns = self.cards.first().map(|card| card.probabilities.iter()).into_iter().flatten();
        let numbers = columns.map(|(name, _)| Column::number(name).under("probability of parasitized, %"));
        let row = |card: &Card| -> Vec<Cell> {
            let values = card.probabilities.iter().map(|(_, value)| match value.parse::<f64>() {
                Ok(number) => Cell::ordered(value.as_str(), number),
                Err(_) => NONE.into(),
            });
            [card.image.as_str().into(), card.caption.as_str().into()].into_iter().chain(values).collect()
        };
        Table {
            caption: self.caption.clone(),
            columns: [Column::text("cell"), Column::text("truth and call")]
                .into_iter()
                .chain(numbers)
                .collect(),
            rows: self.cards.iter().map(row).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;
    use crate::intervals::measure;

    fn shown(data: &ReportData) -> Option<GallerySection> {
        let groups = compare(data).unwrap();
        section(data, &groups, &measure(data, &groups))
    }

    #[test]
    fn cells_wrong_everywhere_and_cells_in_dispute_are_told_apart() {
        // 6, 8, 4 and 5 errors, each the first cells.
        let section = shown(&fixture::ranks()).unwrap();
        let [wrong, disagreed] = section.galleries.as_slice() else { panic!("two galleries") };
        assert_eq!((wrong.cards.len(), disagreed.cards.len()), (4, 4));
        assert!(
            wrong.caption.starts_with("4 cells, of 4 configurations tested on the same 200 cells: 4 runs")
        );
        assert!(wrong.cards.iter().all(|card| card.caption.ends_with("called uninfected by all 4 runs")));
        // Cell 5 divides the runs most evenly: only ranks 1 and model_4 get it wrong.
        assert_eq!(disagreed.cards[0].image, "cell_0005.png");
        assert!(disagreed.cards[0].caption.ends_with("called uninfected by 2 of 4 runs"));
        assert_eq!(disagreed.cards[0].probabilities[0].0, "model_5 · block5 · rank 5");
        assert!(section.notes.is_empty());
    }

    #[test]
    fn surest_mistakes_come_first() {
        let section = shown(&fixture::ranks()).unwrap();
        let values: Vec<f64> =
            section.galleries[0].cards.iter().map(|card| card.probabilities[0].1.parse().unwrap()).collect();
        assert!(values.is_sorted(), "{values:?}");
    }

    #[test]
    fn seeds_count_as_runs_folds_of_a_seed_as_one_and_a_flawless_report_has_no_gallery() {
        let seeds = shown(&fixture::seeds()).unwrap();
        assert!(seeds.galleries[0].cards[0].caption.ends_with("by all 6 runs"));
        let folds = shown(&fixture::folds()).unwrap();
        assert!(folds.galleries[0].cards[0].caption.ends_with("by all 2 runs"));
        assert_eq!(shown(&fixture::against_classical(0, 0)), None);
    }

    #[test]
    fn many_cells_are_cut_and_counted() {
        let section = shown(&fixture::against_classical(400, 40)).unwrap();
        assert_eq!(section.galleries[1].cards.len(), CELLS);
        assert!(section.galleries[1].caption.starts_with("360 cells"));
        assert!(section.galleries[1].caption.ends_with(" 24 of them are shown."));
        let table = section.galleries[1].table();
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
}
