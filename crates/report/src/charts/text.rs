//! Room that lines of text take, and names broken into lines that fit.

use std::collections::BTreeMap;

use super::shortened::shortened;

/// Pixels from one line of text to the next.
pub(super) const LINE: i32 = 17;
/// Pixels of a line from the top of its capitals to the foot of its descenders.
pub(super) const HEIGHT: i32 = 15;
/// Pixels of the charts' type.
const SIZE: f64 = 13.0;
/// The fewest letters that a name is cut to.
const LEAST_LETTERS: usize = 6;

/// Pixels of a line of text in the widest of the usual sans-serif fonts, DejaVu Sans: no reader's font needs more.
pub(super) fn width(text: &str) -> i32 {
    (text.chars().map(em).sum::<f64>() * SIZE).ceil() as i32
}

/// Advance of a letter as a part of the type size.
fn em(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 'I' | 'J' | '\'' => 0.30,
        ' ' | '.' | ',' | ':' | ';' | '·' | '/' | '|' | '!' => 0.34,
        'f' | 't' | 'r' | '-' | '(' | ')' | '[' | ']' => 0.42,
        's' | 'c' | 'z' | '_' => 0.55,
        'a'..='l' | 'n'..='v' | 'x' | 'y' | '0'..='9' => 0.64,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' | '—' => 1.0,
        '+' | '−' | '=' | '<' | '>' | '±' | 'O' | 'Q' => 0.84,
        'A'..='Z' => 0.78,
        // Letters of other scripts may be as wide as they are high.
        _ => 1.0,
    }
}

/// The lines of a text in so many pixels: broken after spaces and signs, and inside words that are longer than a line.
pub(super) fn wrapped(text: &str, room: i32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in pieces(text, room) {
        if !line.is_empty() && width(&(line.clone() + piece.trim_end())) > room {
            lines.push(std::mem::take(&mut line));
        }
        for letter in piece.chars() {
            if !line.is_empty() && letter != ' ' && width(&line) + width(&letter.to_string()) > room {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
    }
    lines.push(line);
    let tidy = |line: &String| line.trim_matches([' ', '·']).to_owned();
    lines.iter().map(tidy).filter(|line| !line.is_empty()).collect()
}

/// Words with the space after them; those that are longer than a line in parts, each with the sign after it.
fn pieces(text: &str, room: i32) -> Vec<&str> {
    let mut found = Vec::new();
    for word in text.split_inclusive(' ') {
        if width(word.trim_end()) > room {
            for part in word.split_inclusive(['+', '/', '=']) {
                if width(part.trim_end()) > room {
                    found.extend(part.split_inclusive('_'));
                } else {
                    found.push(part);
                }
            }
        } else {
            found.push(word);
        }
    }
    found
}

/// Names without the first parts that all share, of parts with ` · ` between them; the last part of a name stays.
pub(super) fn without_common(names: &[&str]) -> Vec<String> {
    let parts: Vec<Vec<&str>> = names.iter().map(|name| name.split(" · ").collect()).collect();
    let Some((first, rest)) = parts.split_first() else { return Vec::new() };
    let is_common = |place: usize| {
        let is_inner = |parts: &Vec<&str>| place + 1 < parts.len();
        is_inner(first) && rest.iter().all(|parts| is_inner(parts) && parts[place] == first[place])
    };
    let common = (0..).take_while(|place| is_common(*place)).count();
    parts.iter().map(|parts| parts[common..].join(" · ")).collect()
}

/// Names in at most so many lines of a width each: cut as little as that takes, and distinct.
pub(super) fn fitted<'a>(
    names: impl IntoIterator<Item = &'a str>,
    room: i32,
    most_lines: usize,
) -> BTreeMap<&'a str, Vec<String>> {
    let names: Vec<&str> = names.into_iter().collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(LEAST_LETTERS);
    // Even the narrowest letters fill the lines at some length.
    let upper = longest.min(most_lines * (room.max(1) as usize / 3)).max(LEAST_LETTERS);
    let with = |letters: usize| -> BTreeMap<&'a str, Vec<String>> {
        let short = shortened(names.iter().copied(), letters);
        short.into_iter().map(|(name, short)| (name, wrapped(&short, room))).collect()
    };
    let fits = |lines: &BTreeMap<&str, Vec<String>>| lines.values().all(|lines| lines.len() <= most_lines);
    let tried = (LEAST_LETTERS..=upper).rev().map(with).find(fits);
    tried.unwrap_or_else(|| with(LEAST_LETTERS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_broken_after_spaces_and_signs() {
        assert_eq!(wrapped("model_5 · block5 · rank 16", 130), ["model_5 · block5", "rank 16"]);
        assert_eq!(wrapped("block5_conv1+block5_conv2", 120), ["block5_conv1+", "block5_conv2"]);
        assert_eq!(wrapped("model_5 · rank 5", 70), ["model_5", "rank 5"]);
        assert_eq!(wrapped("short", 100), ["short"]);
        assert!(wrapped("", 100).is_empty());
    }

    #[test]
    fn what_all_names_share_is_left_out() {
        assert_eq!(without_common(&["a · b · rank 1", "a · b · rank 2"]), ["rank 1", "rank 2"]);
        assert_eq!(without_common(&["a · b", "a · c · rank 2"]), ["b", "c · rank 2"]);
        assert_eq!(without_common(&["model_4", "model_5 · rank 2"]), ["model_4", "model_5 · rank 2"]);
        assert_eq!(without_common(&["one · two"]), ["two"]);
        assert!(without_common(&[]).is_empty());
    }

    #[test]
    fn long_names_are_cut_to_their_lines_and_stay_apart() {
        let names = [
            "model_5 · block5_conv1+block5_conv2 · rank 16, AUC 0.9981",
            "model_5 · block5_conv1+block5_conv2 · rank 64, AUC 0.9982",
        ];
        let lines = fitted(names, 140, 2);
        assert!(lines.values().all(|lines| lines.len() <= 2), "{lines:?}");
        assert_ne!(lines[names[0]], lines[names[1]]);
        assert_eq!(fitted(["rank 5"], 140, 2)["rank 5"], ["rank 5"]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_room(text in "\\PC{0,80}", room in 40i32..400) {
            for line in wrapped(&text, room) {
                prop_assert!(width(&line) <= room, "{line:?}");
            }
        }
    }
}
