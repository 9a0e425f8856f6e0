//! Text of the database in the formats of a report: HTML, SVG and Markdown. Nothing in it becomes markup, a link or a
//! character that is not seen, and an SVG file is XML 1.0 whatever its names hold.

/// The text with characters that are not seen spelled out, `\u{202e}` for one: controls but for line breaks and tabs,
/// marks that turn the direction of writing, spaces without width, and what XML 1.0 does not allow.
///
/// What stands for such a character has no meaning in HTML, SVG and Markdown, so that a whole page is made safe at once.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            control if control.is_control() => shown.extend(control.escape_debug()),
            hidden if is_hidden(hidden) => shown.extend(hidden.escape_unicode()),
            other => shown.push(other),
        }
    }
    shown
}

/// Unicode's format characters, its line and paragraph separators, and noncharacters.
fn is_hidden(character: char) -> bool {
    matches!(
        character,
        // Soft hyphen, the Arabic letter mark, and Mongolian's vowel separator.
        '\u{ad}' | '\u{61c}' | '\u{180e}'
        // Spaces and joiners without width, marks of direction (Unicode Standard Annex 9), separators.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // The byte order mark, annotations, noncharacters, tags.
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}' | '\u{fffe}' | '\u{ffff}'
        | '\u{e0000}'..='\u{e007f}'
    ) || u32::from(character) & 0xfffe == 0xfffe
}

/// An attribute's or an element's text in SVG.
pub(crate) fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Words in Markdown that stay words: nothing in them becomes markup, a link or a new line. Words that a renderer would
/// turn into a link by themselves, addresses of pages and of people, stand in a span of code.
pub(crate) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // A cell of a table ends at a bar, also within code.
    for piece in text.split_inclusive(|character: char| character.is_whitespace() || character == '|') {
        let word = piece.trim_end_matches(|character: char| character.is_whitespace() || character == '|');
        if is_address(word) {
            escaped += &markdown_code(word);
        } else {
            escape_word(word, &mut escaped);
        }
        match &piece[word.len()..] {
            "|" => escaped.push_str("\\|"),
            "" => {}
            _ => escaped.push(' '),
        }
    }
    at_the_start(escaped)
}

/// A span of code in Markdown whose fence is longer than any run of backticks inside.
pub(crate) fn markdown_code(text: &str) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // Spaces at both ends are taken off again.
    let pad = longest > 0 || text.starts_with(' ') || text.ends_with(' ');
    if pad { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

/// Whether GitHub's and others' renderers make a link of a word that is none: an address with its scheme, one that
/// begins with www, and anything with an at sign.
fn is_address(word: &str) -> bool {
    let lower = word.to_lowercase();
    let schemes = ["mailto:", "xmpp:", "tel:"];
    lower.contains("://")
        || lower.contains("www.")
        || lower.contains('@')
        || schemes.iter().any(|scheme| lower.contains(scheme))
}

fn escape_word(word: &str, escaped: &mut String) {
    let characters: Vec<char> = word.chars().collect();
    let is_letter = |place: usize| characters.get(place).is_some_and(|character| character.is_alphanumeric());
    for (place, character) in characters.iter().copied().enumerate() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '_' if is_letter(place.wrapping_sub(1)) && is_letter(place + 1) => escaped.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
}

/// Takes their meaning from what makes a list, a quotation, a rule or a heading at the start of a block.
fn at_the_start(text: String) -> String {
    let text = text.trim_start();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    match text[digits..].chars().next() {
        Some('-' | '+' | '=') if digits == 0 => format!("\\{text}"),
        // `1. ` and `1) ` begin a list, 0.5 does not.
        Some('.' | ')')
            if digits > 0 && !text[digits + 1..].starts_with(|next: char| !next.is_whitespace()) =>
        {
            format!("{}\\{}", &text[..digits], &text[digits..])
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_escaped_and_model_names_are_left_alone() {
        assert_eq!(markdown("model_4 a|b *c* <d>\n_e_"), "model_4 a\\|b \\*c\\* &lt;d&gt; \\_e\\_");
        assert_eq!(markdown_code("just sweep rank=1,5"), "`just sweep rank=1,5`");
        assert_eq!(markdown_code("a `b` c"), "`` a `b` c ``");
        assert_eq!(markdown("0.9876 to 1.5"), "0.9876 to 1.5");
    }

    #[test]
    fn what_is_seen_stays_and_what_is_not_is_spelled_out() {
        let seen = "Größe — 3 × 4 … ‘q’ “p” • ∆ 漢字 مرحبا 🙂 −1 %\n\tx";
        assert_eq!(visible(seen), seen);
        assert_eq!(visible("a\u{0}\u{1b}[1m\r\u{7f}\u{9b}"), "a\\0\\u{1b}[1m\\r\\u{7f}\\u{9b}");
        assert_eq!(
            visible("\u{202e}gnp.\u{2066}\u{feff}\u{1fffe}"),
            "\\u{202e}gnp.\\u{2066}\\u{feff}\\u{1fffe}"
        );
    }

    #[test]
    fn addresses_stand_in_code() {
        assert_eq!(markdown("see https://example.org/a_b now"), "see `https://example.org/a_b` now");
        assert_eq!(markdown("WWW.Example.org|me@example.org"), "`WWW.Example.org`\\|`me@example.org`");
        assert_eq!(markdown("(ftp://h/`x`)"), "`` (ftp://h/`x`) ``");
    }

    #[test]
    fn no_text_begins_a_list_a_rule_or_a_heading() {
        for (text, expected) in [
            ("- a", "\\- a"),
            ("+ a", "\\+ a"),
            ("---", "\\---"),
            ("===", "\\==="),
            ("1. a", "1\\. a"),
            ("12) a", "12\\) a"),
            ("7.", "7\\."),
            ("    code", "code"),
            ("# a", "\\# a"),
            ("> a", "&gt; a"),
        ] {
            assert_eq!(markdown(text), expected);
        }
    }
}
