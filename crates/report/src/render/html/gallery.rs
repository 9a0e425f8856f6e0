//! Galleries in the page: pictures inside it, or tables where there are none.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{Markup, html};
use ranklab_settings::Noun;

use crate::words::format::counted;
use crate::words::galleries::{Card, GallerySection, ShownGallery};

use super::table::data_table;

/// Cells of a gallery that are open at first.
const OPEN_CARDS: usize = 8;

/// The section.
pub(super) fn section(galleries: &GallerySection) -> Markup {
    html! {
        section aria-labelledby="cells" {
            h2 id="cells" { (galleries.title) }
            @for note in &galleries.notes { p { (note) } }
            @for gallery in &galleries.galleries { (one(gallery)) }
        }
    }
}

fn one(gallery: &ShownGallery) -> Markup {
    let pictures = gallery.cards.iter().any(|card| card.picture.is_some());
    html! {
        h3 { (gallery.title) }
        @if pictures {
            p.caption { (gallery.caption) }
            @let (first, more) = gallery.cards.split_at(gallery.cards.len().min(OPEN_CARDS));
            (cards(first, &gallery.positive))
            @if !more.is_empty() {
                details.more { summary { (more_of(more.len(), &gallery.image)) } (cards(more, &gallery.positive)) }
            }
        } @else {
            details.more {
                summary { "Listed, as the images are not at hand" }
                (data_table(&gallery.table()))
            }
        }
    }
}

/// `1 more cell`, `4 more slides`.
fn more_of(number: usize, image: &Noun) -> String {
    counted(number, &format!("more {}", image.one), &format!("more {}", image.many))
}

fn cards(cards: &[Card], positive: &str) -> Markup {
    html! { ul.gallery { @for card in cards { li { (shown(card, positive)) } } } }
}

fn shown(card: &Card, positive: &str) -> Markup {
    html! {
        figure.cell {
            @if let Some(picture) = &card.picture {
                div.pictures {
                    img src=(inline(&picture.png)) alt=(card.description) width="96" height="96" loading="lazy";
                    @if let Some((run, heat)) = &picture.heat {
                        img src=(inline(heat)) alt={ "The same under Grad-CAM's heat, run " (run) } width="96" height="96"
                            loading="lazy";
                    }
                }
            }
            figcaption {
                p { (card.caption) }
                details {
                    summary { "Probability of " (positive) ", %" }
                    dl { @for one in &card.probabilities { div { dt { (one.name) } dd { (one.percent()) } } } }
                    p.file { (card.image) }
                }
            }
        }
    }
}

/// The file as an address that needs nothing from elsewhere.
fn inline(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

#[cfg(test)]
mod tests {
    use crate::fixture;
    use crate::render::render_html;

    #[test]
    fn pictures_stand_in_the_page_with_words_for_those_who_do_not_see_them() {
        let page = render_html(&fixture::with_pictures()).unwrap();
        // Eight cells, each with its heat, but one whose picture is missing.
        assert_eq!(page.matches("<img src=\"data:image/png;base64,").count(), 14);
        assert_eq!(page.matches("<img").count(), page.matches(" alt=\"").count());
        assert!(page.contains("alt=\"Cell of patient C12, parasitized, called uninfected by all 4 runs\""));
        assert!(page.contains("Grad-CAM (Selvaraju et al. 2017) of run 3:"));
        assert!(page.contains("one line on what is missing"));
    }

    #[test]
    fn without_pictures_the_cells_are_listed() {
        let page = render_html(&fixture::ranks()).unwrap();
        let (_, section) = page.split_once("<h2 id=\"cells\">").unwrap();
        let (section, _) = section.split_once("</section>").unwrap();
        assert_eq!((section.matches("<table").count(), section.matches("<img").count()), (2, 0));
        assert!(section.contains("cell_0000.png"));
    }
}
