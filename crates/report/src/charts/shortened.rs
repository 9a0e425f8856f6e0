//! Names that fit into charts and stay apart.

use std::collections::{BTreeMap, BTreeSet};

/// Names of at most so many letters, of which no two are alike: start and end of those that have more. Names often
/// differ at their ends; where they do not, as much of the end is kept as tells them apart, and else they are numbered.
pub(super) fn shortened<'a>(
    names: impl IntoIterator<Item = &'a str>,
    letters: usize,
) -> BTreeMap<&'a str, String> {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let with_end =
        |end: usize| names.iter().map(|name| start_and_end(name, letters, end)).collect::<Vec<_>>();
    let are_distinct = |short: &Vec<String>| short.iter().collect::<BTreeSet<_>>().len() == short.len();
    let usual = (letters - 1) / 3;
    let ends = std::iter::once(usual).chain((0..letters).filter(|end| *end != usual));
    let short = ends.map(with_end).find(are_distinct).unwrap_or_else(|| {
        let numbered = (1..).zip(&names).map(|(number, name)| {
            let number = format!("…{number}");
            let room = letters.saturating_sub(number.chars().count());
            name.chars().take(room).collect::<String>() + &number
        });
        numbered.collect()
    });
    names.into_iter().zip(short).collect()
}

fn start_and_end(name: &str, letters: usize, end: usize) -> String {
    let all: Vec<char> = name.chars().collect();
    if all.len() <= letters {
        return name.to_owned();
    }
    let start = letters - 1 - end;
    all[..start].iter().chain(&['…']).chain(&all[all.len() - end..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_start_and_their_end() {
        let short = |name| shortened([name], 12).remove(name).unwrap();
        assert_eq!(short("block5 · r 1"), "block5 · r 1");
        assert_eq!(short("block4+block5 · rank 16"), "block4+b… 16");
    }

    #[test]
    fn shortened_names_stay_apart() {
        let of = |names: &[&'static str], letters| shortened(names.iter().copied(), letters);
        for (names, letters) in [
            (&["block5_conv1+block5_conv2+x", "block5_conv1+block4_conv2+x"][..], 24),
            (&["0.0050000001", "0.0050000011", "0.0050000012"][..], 9),
            (
                &["a long name whose middle 1 differs alone", "a long name whose middle 2 differs alone"][..],
                12,
            ),
            (&["short", "short too"][..], 8),
        ] {
            let short = of(names, letters);
            let distinct: BTreeSet<&String> = short.values().collect();
            assert_eq!((short.len(), distinct.len()), (names.len(), names.len()), "{short:?}");
            assert!(short.values().all(|name| name.chars().count() <= letters), "{short:?}");
        }
    }
}
