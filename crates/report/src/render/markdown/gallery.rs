//! Galleries in the Markdown file: tables with the pictures as files beside it.

use crate::render::escape::markdown as plain;
use crate::words::galleries::{Card, CardProbability, GallerySection, ShownGallery};

use super::table::{row, table};

/// How the name of a picture with heat ends.
const HEAT: &str = "-heat.png";

/// Galleries as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GalleryBlocks {
    /// Blocks of text.
    pub(super) blocks: Vec<String>,
    /// File names and PNG files.
    pub(super) pictures: Vec<(String, Vec<u8>)>,
}

/// Renders the section.
pub(super) fn render(galleries: &GallerySection) -> GalleryBlocks {
    let mut written = GalleryBlocks::default();
    written.blocks.push(format!("## {}", plain(&galleries.title)));
    written.blocks.extend(galleries.notes.iter().map(|note| plain(note)));
    for gallery in &galleries.galleries {
        written.blocks.push(format!("### {}", plain(&gallery.title)));
        if gallery.cards.iter().any(|card| card.picture.is_some()) {
            let text = with_pictures(gallery, &mut written.pictures);
            written.blocks.extend([text, plain(&gallery.caption)]);
        } else {
            written.blocks.extend(table(&gallery.table()));
        }
    }
    written
}

fn with_pictures(gallery: &ShownGallery, pictures: &mut Vec<(String, Vec<u8>)>) -> String {
    let titles = [gallery.image.one.as_str(), "Grad-CAM", "truth and call"]
        .map(str::to_owned)
        .into_iter()
        .chain([plain(&gallery.probability_heading())]);
    let titles: Vec<String> = titles.collect();
    let mut text = row(titles.iter().cloned());
    text += &row(titles.iter().map(|_| "---".to_owned()));
    for card in &gallery.cards {
        let (picture, heat) = images(card, pictures);
        let probability = |one: &CardProbability| format!("{}: {}", plain(&one.name), one.percent());
        let probabilities: Vec<String> = card.probabilities.iter().map(probability).collect();
        text += &row([picture, heat, plain(&card.caption), probabilities.join("<br>")].into_iter());
    }
    text.trim_end().to_owned()
}

/// Links to a card's pictures; without any, the image's name.
fn images(card: &Card, pictures: &mut Vec<(String, Vec<u8>)>) -> (String, String) {
    let Some(picture) = &card.picture else { return (plain(&card.image), String::new()) };
    let number = pictures.iter().filter(|(name, _)| !name.ends_with(HEAT)).count() + 1;
    let mut add = |name: String, png: &[u8], words: &str| {
        let link = format!("![{}](figures/{name})", plain(words));
        pictures.push((name, png.to_owned()));
        link
    };
    let cell = add(format!("cell-{number:02}.png"), &picture.png, &card.description);
    let heat = picture.heat.as_ref().map(|(run, heat)| {
        add(format!("cell-{number:02}{HEAT}"), heat, &format!("The same under Grad-CAM's heat, run {run}"))
    });
    (cell, heat.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::fixture;
    use crate::render::render_markdown;

    #[test]
    fn every_picture_is_shown_once_and_every_shown_picture_is_there() {
        let markdown = render_markdown(&fixture::with_pictures()).unwrap();
        assert_eq!(markdown.pictures.len(), 14);
        for (name, png) in &markdown.pictures {
            assert_eq!(markdown.details.matches(&format!("](figures/{name})")).count(), 1, "{name}");
            assert!(!png.is_empty());
        }
        assert!(markdown.details.contains("](figures/cell-07-heat.png) | Patient"));
        assert!(render_markdown(&fixture::ranks()).unwrap().pictures.is_empty());
    }
}
