//! Predictions of one run on images without labels as one self-contained page.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use ranklab_settings::Nouns;

use crate::render::escape::visible;
use crate::words::format::{count, percent};
use crate::words::table::{Cell, Column, Table};

use super::page::{STYLE, TABLE_SCRIPT};
use super::table::data_table;

/// An image with its prediction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PredictedImage {
    /// The image's path.
    pub image: String,
    /// Its group, where one is known.
    pub group: Option<String>,
    /// Probability of the positive class.
    pub probability: f64,
    /// Name of the class that it is called.
    pub class: String,
    /// PNG file of the image; `None` where none is shown.
    pub png: Option<Vec<u8>>,
    /// PNG file of the image under the heat of Grad-CAM.
    pub heat: Option<Vec<u8>>,
}

/// The predictions of a group's images.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictedGroup {
    /// The group.
    pub group: String,
    /// Number of its images.
    pub images: usize,
    /// Number of them that are called positive.
    pub positive: usize,
    /// Mean probability of the positive class.
    pub mean_probability: f64,
}

/// What the page shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PredictionsPage {
    /// Heading.
    pub title: String,
    /// What predicted: run, weights, preprocessing and threshold, a line each.
    pub facts: Vec<String>,
    /// Name of the positive class.
    pub positive: String,
    /// Words of the run's images for groups and images.
    pub nouns: Nouns,
    /// The images.
    pub images: Vec<PredictedImage>,
    /// Their groups.
    pub groups: Vec<PredictedGroup>,
    /// Images that cannot be read, with the reasons.
    pub unreadable: Vec<(String, String)>,
}

/// The page as one HTML file. The same content gives the same bytes.
pub fn render_predictions(page: &PredictionsPage) -> String {
    visible(&whole(page).into_string())
}

fn whole(page: &PredictionsPage) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (contents(page))
                div.page {
                    header { h1 { (page.title) } @for fact in &page.facts { p { (fact) } } }
                    main { (sections(page)) }
                    footer { p { "Made by ranklab. These probabilities are a model's, not a diagnosis." } }
                }
                script { (PreEscaped(TABLE_SCRIPT)) }
            }
        }
    }
}

/// Links to the sections.
fn contents(page: &PredictionsPage) -> Markup {
    let groups = page.nouns.group.capitals();
    let links = [
        (!page.groups.is_empty(), "groups", groups.as_str()),
        (page.images.iter().any(|image| image.png.is_some()), "pictures", "Pictures"),
        (true, "images", "Images"),
        (!page.unreadable.is_empty(), "unreadable", "Not read"),
    ];
    html! {
        nav aria-label="Contents" {
            p.brand { "ranklab" }
            ul {
                @for (_, id, title) in links.iter().filter(|(there, ..)| *there) {
                    li { a href={ "#" (id) } { (title) } }
                }
            }
        }
    }
}

fn sections(page: &PredictionsPage) -> Markup {
    let shown = page.images.iter().filter(|image| image.png.is_some());
    html! {
        @if !page.groups.is_empty() {
            section aria-labelledby="groups" { h2 id="groups" { (page.nouns.group.capitals()) } (data_table(&groups(page))) }
        }
        @if page.images.iter().any(|image| image.png.is_some()) {
            section aria-labelledby="pictures" {
                h2 id="pictures" { "Pictures" }
                p { (pictures_note(page)) }
                ul.gallery { @for image in shown { li { (card(image, &page.positive)) } } }
            }
        }
        section aria-labelledby="images" { h2 id="images" { "Images" } (data_table(&images(page))) }
        @if !page.unreadable.is_empty() {
            section aria-labelledby="unreadable" { h2 id="unreadable" { "Not read" } (data_table(&unreadable(page))) }
        }
    }
}

/// What the pictures are.
fn pictures_note(page: &PredictionsPage) -> String {
    let shown = page.images.iter().filter(|image| image.png.is_some()).count();
    let explained = page.images.iter().any(|image| image.heat.is_some());
    let heat = if explained {
        " Beside each: the same under the heat of Grad-CAM (Selvaraju et al. 2017), yellow where the last convolution speaks most for the call."
    } else {
        ""
    };
    let rest = page.images.len() - shown;
    let rest = match rest {
        0 => String::new(),
        1 => " 1 more image stands in the table alone.".to_owned(),
        rest => format!(" {rest} more images stand in the table alone."),
    };
    format!("The images as the network receives them.{heat}{rest}")
}

fn card(image: &PredictedImage, positive: &str) -> Markup {
    let inline = |png: &Vec<u8>| format!("data:image/png;base64,{}", STANDARD.encode(png));
    html! {
        figure.cell {
            div.pictures {
                @if let Some(png) = &image.png {
                    img src=(inline(png)) alt={ "Called " (image.class) } width="96" height="96" loading="lazy";
                }
                @if let Some(heat) = &image.heat {
                    img src=(inline(heat)) alt="The same under Grad-CAM's heat" width="96" height="96" loading="lazy";
                }
            }
            figcaption {
                p { strong { (image.class) } }
                p { (positive) ": " (percent(image.probability)) " %" }
                p.file { (image.image) }
            }
        }
    }
}

fn groups(page: &PredictionsPage) -> Table {
    let row = |group: &PredictedGroup| {
        let share = group.positive as f64 / group.images.max(1) as f64;
        vec![
            Cell::from(group.group.as_str()),
            group.images.to_string().into(),
            group.positive.to_string().into(),
            percent(share).into(),
            percent(group.mean_probability).into(),
        ]
    };
    Table {
        caption: format!(
            "The images of each {}, and how many of them are called {}.",
            page.nouns.group.one, page.positive
        ),
        columns: vec![
            Column::text(&page.nouns.group.capital()),
            Column::number("Images"),
            Column::number(&format!("Called {}", page.positive)),
            Column::number("Share, %"),
            Column::number("Mean probability, %"),
        ],
        rows: page.groups.iter().map(row).collect(),
    }
}

fn images(page: &PredictionsPage) -> Table {
    let grouped = page.images.iter().any(|image| image.group.is_some());
    let mut columns = vec![Column::text("Image")];
    if grouped {
        columns.push(Column::text(&page.nouns.group.capital()));
    }
    columns.extend([Column::text("Called"), Column::number(&format!("Probability of {}, %", page.positive))]);
    let row = |image: &PredictedImage| {
        let mut row = vec![Cell::from(image.image.as_str())];
        if grouped {
            row.push(image.group.clone().unwrap_or_default().into());
        }
        row.push(image.class.as_str().into());
        row.push(Cell::ordered(percent(image.probability), image.probability));
        row
    };
    Table {
        caption: format!("{} in the order given.", count(page.images.len(), "image")),
        columns,
        rows: page.images.iter().map(row).collect(),
    }
}

fn unreadable(page: &PredictionsPage) -> Table {
    Table {
        caption: "Files that could not be read as images.".to_owned(),
        columns: vec![Column::text("File"), Column::text("Reason")],
        rows: page
            .unreadable
            .iter()
            .map(|(file, reason)| vec![file.as_str().into(), reason.as_str().into()])
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> PredictionsPage {
        PredictionsPage {
            title: "Predictions of run 3".to_owned(),
            facts: vec!["threshold 0.4".to_owned()],
            positive: "malignant".to_owned(),
            nouns: Nouns { group: "slide".parse().unwrap(), ..Nouns::default() },
            images: vec![
                PredictedImage {
                    image: "a<b>.png".to_owned(),
                    group: Some("P1".to_owned()),
                    probability: 0.975,
                    class: "malignant".to_owned(),
                    png: Some(vec![1, 2]),
                    heat: Some(vec![3]),
                },
                PredictedImage {
                    image: "c.png".to_owned(),
                    class: "benign".to_owned(),
                    ..Default::default()
                },
            ],
            groups: vec![PredictedGroup {
                group: "P1".to_owned(),
                images: 1,
                positive: 1,
                mean_probability: 0.975,
            }],
            unreadable: vec![("d.png".to_owned(), "it is empty".to_owned())],
        }
    }

    #[test]
    fn the_page_holds_every_image_group_and_reason_and_names_stay_text() {
        let text = render_predictions(&page());
        assert_eq!(text.matches("<img").count(), 2);
        for part in [
            "a&lt;b&gt;.png",
            "malignant: 97.50 %",
            "1 more image stands",
            "d.png",
            "it is empty",
            "P1",
            ">Slides</h2>",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("<b>"));
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        let text = render_predictions(&page());
        for outside in ["http:", "https:", "<script src", "fetch(", "<link", "@import", "url("] {
            assert!(!text.contains(outside), "{outside}");
        }
    }
}
