//! Fits the columns of a table into a width: texts are shortened, then columns are left out.

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
    /// Columns to which it is narrowed instead of being left out; `None` of one that can be left out.
    pub(crate) floor: Option<usize>,
}

/// The width of each column within `room`, `None` of those that are left out. A column takes [`GAP`] more than its
/// width, the last one a blank less. The most important column stays whatever it takes.
pub(crate) fn fit(needs: &[Need], room: usize) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|column| needs[*column].rank);
    let mut widths = vec![None; needs.len()];
    let mut left = room + 1;
    for (position, column) in order.iter().enumerate() {
        let Need { least, floor, .. } = needs[*column];
        let width = match floor {
            _ if least + GAP <= left || position == 0 => least,
            Some(floor) => left.saturating_sub(GAP).clamp(floor.min(least), least),
            None => continue,
        };
        widths[*column] = Some(width);
        left = left.saturating_sub(width + GAP);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn need(whole: usize, least: usize, rank: usize) -> Need {
        Need { whole, least, rank, floor: None }
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
    fn a_column_with_a_floor_is_narrowed_after_others_are_left_out() {
        let name = Need { floor: Some(2), ..need(28, 20, 1) };
        let needs = [name, need(12, 12, 0), need(6, 6, 2)];
        assert_eq!(fit(&needs, 60), [Some(28), Some(12), Some(6)]);
        assert_eq!(fit(&needs, 48), [Some(22), Some(12), Some(6)]);
        assert_eq!(fit(&needs, 40), [Some(23), Some(12), None]);
        assert_eq!(fit(&needs, 30), [Some(13), Some(12), None]);
        assert_eq!(fit(&needs, 19), [Some(2), Some(12), None]);
        assert_eq!(fit(&needs, 5), [Some(2), Some(12), None]);
    }
}
