//! Fits columns into a width: long texts are shortened, and columns without room are left out.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The mark of a shortened text.
const MARK: char = '…';
/// Blanks between the texts of neighbouring columns; one of them also stands before the first text and one behind the
/// last.
const GAP: usize = 3;

/// What a column needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// Columns of the terminal that show every value whole.
    pub(crate) whole: usize,
    /// Columns that it takes at least.
    pub(crate) least: usize,
    /// Whether a column that finds no room is left out early: a higher number goes first.
    pub(crate) rank: usize,
}

/// The width of each column within `room`, `None` of those that are left out. A column takes [`GAP`] more than its
/// width, the last one a blank less. The most important column stays whatever it takes.
pub(crate) fn fit(needs: &[Need], room: usize) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|column| needs[*column].rank);
    let mut widths = vec![None; needs.len()];
    let mut left = room + 1;
    for (position, column) in order.iter().enumerate() {
        let taken = needs[*column].least + GAP;
        if position == 0 || taken <= left {
            widths[*column] = Some(needs[*column].least);
            left = left.saturating_sub(taken);
        }
    }
    widen(needs, &mut widths, left);
    widths
}

/// Gives `left` columns of the terminal to those that need more, the narrowest first, until it is used up.
fn widen(needs: &[Need], widths: &mut [Option<usize>], mut left: usize) {
    while left > 0 {
        let wanting = widths.iter_mut().zip(needs).filter_map(|(width, need)| {
            let width = width.as_mut()?;
            (*width < need.whole).then_some(width)
        });
        let Some(narrowest) = wanting.min_by_key(|width| **width) else { return };
        *narrowest += 1;
        left -= 1;
    }
}

/// A text in at most `width` columns of a terminal; the last one marks that it is shortened.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut taken = 0;
    let kept = text.chars().take_while(|letter| {
        taken += letter.width().unwrap_or(0);
        taken < width
    });
    let mut short: String = kept.collect();
    short.push(MARK);
    short
}

/// Text in lines of at most `width` columns, broken at blanks; a word that is longer has a line of its own. Lines after
/// the first begin with `indent` blanks, which count.
pub(crate) fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        if !line.trim().is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
        } else if !line.trim().is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines.push(line);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(whole: usize, least: usize, rank: usize) -> Need {
        Need { whole, least, rank }
    }

    #[test]
    fn columns_without_room_are_left_out_by_rank_and_texts_share_what_is_left() {
        let needs = [need(3, 3, 0), need(50, 8, 1), need(10, 10, 3), need(20, 8, 2)];
        assert_eq!(fit(&needs, 200), [Some(3), Some(50), Some(10), Some(20)]);
        // 6 for the first number, 13 for the second: the texts share what is left without their blanks.
        assert_eq!(fit(&needs, 60), [Some(3), Some(18), Some(10), Some(18)]);
        assert_eq!(fit(&needs, 27), [Some(3), Some(8), None, Some(8)]);
        assert_eq!(fit(&needs, 1), [Some(3), None, None, None]);
        assert_eq!(fit(&[], 10), [None; 0]);
    }

    #[test]
    fn a_short_text_ends_with_a_mark_and_keeps_to_its_width() {
        assert_eq!(shortened("block5", 6), "block5");
        assert_eq!(shortened("block5_conv3", 6), "block…");
        assert_eq!(shortened("細胞の画像", 6), "細胞…");
        assert_eq!(shortened("x", 0), "…");
    }

    #[test]
    fn text_is_broken_at_blanks_and_continues_indented() {
        assert_eq!(wrapped("one two three four", 9, 2), "one two\n  three\n  four");
        assert_eq!(wrapped("averylongword x", 5, 0), "averylongword\nx");
        assert_eq!(wrapped("", 5, 0), "");
    }
}
