//! Placing labels so that none lies over another and none leaves the drawing.

/// A rectangle of pixels; right and bottom are just outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Left edge.
    pub(super) left: i32,
    /// Upper edge.
    pub(super) top: i32,
    /// Right edge.
    pub(super) right: i32,
    /// Lower edge.
    pub(super) bottom: i32,
}

impl Frame {
    fn is_clear_of(&self, other: &Self) -> bool {
        self.right <= other.left
            || other.right <= self.left
            || self.bottom <= other.top
            || other.bottom <= self.top
    }

    fn lies_in(&self, outer: &Self) -> bool {
        self.left >= outer.left
            && self.right <= outer.right
            && self.top >= outer.top
            && self.bottom <= outer.bottom
    }
}

/// Labels in an area, each placed where it is free.
pub(super) struct Labels {
    inside: Frame,
    taken: Vec<Frame>,
}

impl Labels {
    /// An area without labels.
    pub(super) fn new(inside: Frame) -> Self {
        Self { inside, taken: Vec::new() }
    }

    /// The first of these places at which a label lies inside and over no other; `None` where there is none.
    pub(super) fn place(&mut self, places: impl IntoIterator<Item = Frame>) -> Option<Frame> {
        let is_free = |frame: &Frame| {
            frame.lies_in(&self.inside) && self.taken.iter().all(|taken| frame.is_clear_of(taken))
        };
        let found = places.into_iter().find(is_free)?;
        self.taken.push(found);
        Some(found)
    }
}

/// The middles of labels in a column, each as near to its wanted middle as the others let it, in the order of the
/// wanted middles. `None` where they do not fit.
///
/// Each label comes as a wanted middle and a height.
pub(super) fn stacked(wanted: &[(i32, i32)], (top, bottom): (i32, i32)) -> Option<Vec<i32>> {
    if wanted.iter().map(|(_, height)| height).sum::<i32>() > bottom - top {
        return None;
    }
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|label| wanted[*label].0);
    // Labels that touch move as one, to the mean of where they would stand alone.
    let mut groups: Vec<Group> = Vec::new();
    for label in order {
        let (middle, height) = wanted[label];
        let mut group = Group { labels: vec![label], height, tops: i64::from(middle - height / 2), top: 0 };
        group.settle(top, bottom);
        while let Some(above) = groups.pop_if(|above| above.top + above.height > group.top) {
            group = above.joined(&group);
            group.settle(top, bottom);
        }
        groups.push(group);
    }
    let mut middles = vec![0; wanted.len()];
    for group in groups {
        let mut y = group.top;
        for label in group.labels {
            let height = wanted[label].1;
            middles[label] = y + height / 2;
            y += height;
        }
    }
    Some(middles)
}

/// Labels without room between them.
struct Group {
    labels: Vec<usize>,
    height: i32,
    /// Sum of where the group's top would be for each of its labels to stand where it is wanted.
    tops: i64,
    top: i32,
}

impl Group {
    /// With the labels of another one below.
    fn joined(mut self, below: &Self) -> Self {
        self.tops += below.tops - i64::from(self.height) * below.labels.len() as i64;
        self.height += below.height;
        self.labels.extend(&below.labels);
        self
    }

    fn settle(&mut self, top: i32, bottom: i32) {
        let mean = self.tops.div_euclid(self.labels.len() as i64) as i32;
        self.top = mean.min(bottom - self.height).max(top);
    }
}

/// The middles of labels along an axis, moved into its reach; `None` for those that are left out because they would lie
/// over another. First and last come before those between.
///
/// Each label comes as the middle of its tick and a width, ascending.
pub(super) fn spaced(labels: &[(i32, i32)], (low, high): (i32, i32), gap: i32) -> Vec<Option<i32>> {
    let frame = |(middle, width): (i32, i32)| {
        let left = (middle - width / 2).min(high - width).max(low);
        (left, left + width)
    };
    let frames: Vec<(i32, i32)> = labels.iter().map(|label| frame(*label)).collect();
    let fits = |(left, right): (i32, i32)| left >= low && right <= high;
    let mut shown = vec![None; labels.len()];
    let mut taken: Vec<(i32, i32)> = Vec::new();
    let last = labels.len().saturating_sub(1);
    let order = [0, last].into_iter().chain(1..last);
    for place in order {
        let Some(&(left, right)) = frames.get(place) else { continue };
        let free = taken.iter().all(|other| right + gap <= other.0 || other.1 + gap <= left);
        if free && fits((left, right)) {
            taken.push((left, right));
            shown[place] = Some(left + labels[place].1 / 2);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_stand_where_they_are_wanted_if_they_can() {
        assert_eq!(stacked(&[(20, 10), (50, 10)], (0, 100)).unwrap(), [20, 50]);
        assert_eq!(stacked(&[(50, 10), (50, 10)], (0, 100)).unwrap(), [45, 55]);
        assert_eq!(stacked(&[(98, 10), (2, 10)], (0, 100)).unwrap(), [95, 5]);
        assert_eq!(stacked(&[(5, 60), (5, 60)], (0, 100)), None);
    }

    #[test]
    fn the_ends_of_an_axis_keep_their_labels() {
        let middles = |ticks: &[i32]| -> Vec<Option<i32>> {
            spaced(&ticks.iter().map(|tick| (*tick, 20)).collect::<Vec<_>>(), (0, 100), 4)
        };
        assert_eq!(middles(&[10, 50, 90]), [Some(10), Some(50), Some(90)]);
        assert_eq!(middles(&[10, 75, 90]), [Some(10), None, Some(90)]);
        assert_eq!(middles(&[2, 99]), [Some(10), Some(90)]);
        assert!(middles(&[]).is_empty());
    }

    #[test]
    fn a_label_goes_to_the_first_free_place() {
        let frame = |left: i32| Frame { left, top: 0, right: left + 10, bottom: 10 };
        let mut labels = Labels::new(Frame { left: 0, top: 0, right: 30, bottom: 10 });
        assert_eq!(labels.place([frame(0)]), Some(frame(0)));
        assert_eq!(labels.place([frame(5), frame(12)]), Some(frame(12)));
        assert_eq!(labels.place([frame(20), frame(25)]), None);
    }

    proptest! {
        #[test]
        fn no_two_labels_of_a_column_overlap_and_all_stay_inside(
            wanted in prop::collection::vec((-50i32..350, 1i32..40), 0..12),
        ) {
            let wanted: Vec<(i32, i32)> = wanted.into_iter().map(|(middle, half)| (middle, 2 * half)).collect();
            let height: i32 = wanted.iter().map(|(_, height)| height).sum();
            let placed = stacked(&wanted, (0, 300));
            prop_assert_eq!(placed.is_some(), height <= 300);
            let mut frames: Vec<(i32, i32)> = placed.unwrap_or_default().into_iter().zip(&wanted)
                .map(|(middle, (_, height))| (middle - height / 2, middle + height / 2)).collect();
            frames.sort_unstable();
            prop_assert!(frames.iter().all(|(top, bottom)| *top >= 0 && *bottom <= 300), "{:?}", frames);
            prop_assert!(frames.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{:?}", frames);
        }

        #[test]
        fn no_two_labels_of_an_axis_overlap_and_all_stay_inside(
            ticks in prop::collection::vec((-20i32..520, 1i32..60), 0..30),
        ) {
            let mut ticks: Vec<(i32, i32)> = ticks.into_iter().map(|(middle, half)| (middle, 2 * half)).collect();
            ticks.sort_unstable();
            let mut frames: Vec<(i32, i32)> = spaced(&ticks, (0, 500), 4).into_iter().zip(&ticks)
                .filter_map(|(middle, (_, width))| middle.map(|middle| (middle - width / 2, middle + width / 2)))
                .collect();
            frames.sort_unstable();
            prop_assert!(ticks.is_empty() || !frames.is_empty());
            prop_assert!(frames.iter().all(|(left, right)| *left >= 0 && *right <= 500), "{:?}", frames);
            prop_assert!(frames.windows(2).all(|pair| pair[0].1 + 4 <= pair[1].0), "{:?}", frames);
        }

        #[test]
        fn no_two_annotations_overlap_and_all_stay_inside(
            wanted in prop::collection::vec(prop::collection::vec((-20i32..220, -20i32..220), 1..5), 0..20),
            (width, height) in (1i32..80, 1i32..30),
        ) {
            let inside = Frame { left: 0, top: 0, right: 200, bottom: 200 };
            let mut labels = Labels::new(inside);
            let mut placed: Vec<Frame> = Vec::new();
            for places in wanted {
                let frame = |(left, top): (i32, i32)| Frame { left, top, right: left + width, bottom: top + height };
                placed.extend(labels.place(places.into_iter().map(frame)));
            }
            for (place, one) in placed.iter().enumerate() {
                prop_assert!(one.lies_in(&inside));
                prop_assert!(placed[..place].iter().all(|other| one.is_clear_of(other)));
            }
        }
    }
}
