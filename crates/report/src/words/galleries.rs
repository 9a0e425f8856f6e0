//! Galleries of cells in words, each cell with its picture where there is one.

use ranklab_settings::{Noun, Nouns};

use crate::analysis::{
    Analysis, CellProbability, Configuration, GALLERY_CELLS, Galleries, Gallery, GalleryCell,
};
use crate::pictures::{CellPicture, CellPictures};

use super::format::{count, count_of, percent, rounded_percent, thousands};
use super::table::{Cell, Column, Table};

/// A cell as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Card {
    /// What is seen, for those who do not.
    pub(crate) description: String,
    /// Image name.
    pub(crate) image: String,
    /// Its patient, its class, and how many runs call it otherwise.
    pub(crate) caption: String,
    /// Configurations and what they predict.
    pub(crate) probabilities: Vec<CardProbability>,
    /// The picture, if there is one.
    pub(crate) picture: Option<CellPicture>,
}

/// A configuration's probability of the positive class.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CardProbability {
    /// Name of the configuration.
    pub(crate) name: String,
    /// The probability.
    pub(crate) probability: f64,
}

impl CardProbability {
    /// The probability as percent without its sign.
    pub(crate) fn percent(&self) -> String {
        percent(self.probability)
    }
}

/// One gallery.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShownGallery {
    /// Heading.
    pub(crate) title: String,
    /// How many cells there are, how they are ordered.
    pub(crate) caption: String,
    /// Word for an image, for headings and summaries.
    pub(crate) image: Noun,
    /// The class whose probabilities the cards give, as a word within a sentence.
    pub(crate) positive: String,
    /// The cells.
    pub(crate) cards: Vec<Card>,
}

/// The galleries of a report.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GallerySection {
    /// Heading.
    pub(crate) title: String,
    /// What the pictures are, and what is missing.
    pub(crate) notes: Vec<String>,
    /// Those with any cells.
    pub(crate) galleries: Vec<ShownGallery>,
}

/// The galleries; `None` where no cell is called wrongly.
pub(crate) fn section(analysis: &Analysis, pictures: &CellPictures) -> Option<GallerySection> {
    let chosen = analysis.galleries.as_ref()?;
    let gallery = |title: String, gallery: &Gallery, order: &str| ShownGallery {
        title,
        caption: caption(analysis, chosen, gallery.all, order),
        image: analysis.nouns.image.clone(),
        positive: analysis.class_names.positive_word(),
        cards: gallery.cells.iter().map(|cell| card(analysis, pictures, cell, chosen.repeats)).collect(),
    };
    let images = analysis.nouns.image.capitals();
    let wrong = gallery(
        format!("{images} that every run gets wrong"),
        &chosen.wrong,
        "The surest mistakes come first.",
    );
    let disagreed = gallery(
        format!("{images} on which runs disagree"),
        &chosen.disagreed,
        "Those that divide the runs most evenly come first.",
    );
    let galleries: Vec<ShownGallery> =
        [wrong, disagreed].into_iter().filter(|gallery| !gallery.cards.is_empty()).collect();
    if galleries.is_empty() {
        return None;
    }
    Some(GallerySection {
        notes: notes(pictures, &galleries),
        title: format!("{images} to look at"),
        galleries,
    })
}

fn caption(analysis: &Analysis, chosen: &Galleries, all: usize, order: &str) -> String {
    let images = &analysis.nouns.image.many;
    let share = format!(", the most of this report that share their {images}");
    let is_part = chosen.set.len() < analysis.configurations.len();
    format!(
        "{}, of {} tested on the same {} {images}{}: {}, folds of a seed counted as one. {order}{}",
        count_of(all, &analysis.nouns.image),
        count(chosen.set.len(), "configuration"),
        thousands(chosen.cells as i64),
        if is_part { share.as_str() } else { "" },
        count(chosen.repeats, "run"),
        if all > GALLERY_CELLS { format!(" {GALLERY_CELLS} of them are shown.") } else { String::new() }
    )
}

fn notes(given: &CellPictures, galleries: &[ShownGallery]) -> Vec<String> {
    let pictures =
        || galleries.iter().flat_map(|gallery| &gallery.cards).filter_map(|card| card.picture.as_ref());
    let mut notes = Vec::new();
    if pictures().next().is_some() {
        let image = galleries.first().map_or("image", |gallery| &gallery.image.one);
        notes.push(format!("Each {image} is shown as the network sees it."));
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
    notes.extend(given.missing.iter().cloned());
    notes
}

fn card(analysis: &Analysis, pictures: &CellPictures, cell: &GalleryCell, repeats: usize) -> Card {
    let (truth, called) =
        (analysis.class_names.word(cell.is_positive), analysis.class_names.word(!cell.is_positive));
    let by = match (cell.wrong == repeats, repeats) {
        (true, 1) => "by the run".to_owned(),
        (true, all) => format!("by all {all} runs"),
        (false, all) => format!("by {} of {all} runs", cell.wrong),
    };
    let probability = |CellProbability { configuration, probability }: &CellProbability| {
        let Configuration { name, .. } = &analysis.configurations[*configuration];
        CardProbability { name: name.clone(), probability: *probability }
    };
    let picture = pictures.of.get(cell.image.as_str());
    let no_heat = match picture {
        Some(picture) if picture.is_without_heat => "; Grad-CAM has no heat",
        _ => "",
    };
    let Nouns { group, image } = &analysis.nouns;
    Card {
        description: format!(
            "{} of {} {}, {truth}, called {called} {by}",
            image.capital(),
            group.one,
            cell.patient
        ),
        image: cell.image.clone(),
        caption: format!("{} {}, {truth}; called {called} {by}{no_heat}", group.capital(), cell.patient),
        probabilities: cell.probabilities.iter().map(probability).collect(),
        picture: picture.cloned(),
    }
}

impl ShownGallery {
    /// What the probabilities are of, as a heading within a sentence.
    pub(crate) fn probability_heading(&self) -> String {
        format!("probability of {}, %", self.positive)
    }

    /// The cells as a table, for where there are no pictures.
    pub(crate) fn table(&self) -> Table {
        let configurations = self.cards.first().map(|card| card.probabilities.iter()).into_iter().flatten();
        let heading = self.probability_heading();
        let numbers = configurations.map(|one| Column::number(&one.name).under(&heading));
        let row = |card: &Card| -> Vec<Cell> {
            let value =
                |one: &CardProbability| Cell::ordered(one.percent(), rounded_percent(one.probability));
            let words = [card.image.as_str().into(), card.caption.as_str().into()];
            words.into_iter().chain(card.probabilities.iter().map(value)).collect()
        };
        Table {
            caption: self.caption.clone(),
            columns: [Column::text(&self.image.one), Column::text("truth and call")]
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
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn shown(data: &ReportData) -> Option<GallerySection> {
        section(&analyse(data).unwrap(), &data.pictures)
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
        assert_eq!(disagreed.cards[0].probabilities[0].name, "model_5 · block5 · rank 5");
        assert!(section.notes.is_empty());
    }

    #[test]
    fn a_grad_cam_without_heat_says_so() {
        let mut data = fixture::with_pictures();
        let picture = data.pictures.of.get_mut("cell_0000.png").unwrap();
        (picture.heat, picture.is_without_heat) = (None, true);
        let section = shown(&data).unwrap();
        let said = |image: &str| {
            let cards = section.galleries.iter().flat_map(|gallery| &gallery.cards);
            cards
                .filter(|card| card.image == image)
                .any(|card| card.caption.ends_with("; Grad-CAM has no heat"))
        };
        assert!(said("cell_0000.png") && !said("cell_0001.png"));
    }

    #[test]
    fn surest_mistakes_come_first() {
        let section = shown(&fixture::ranks()).unwrap();
        let values: Vec<f64> =
            section.galleries[0].cards.iter().map(|card| card.probabilities[0].probability).collect();
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
        assert_eq!(section.galleries[1].cards.len(), GALLERY_CELLS);
        assert!(section.galleries[1].caption.starts_with("360 cells"));
        assert!(section.galleries[1].caption.ends_with(" 24 of them are shown."));
        let table = section.galleries[1].table();
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
}
