//! Texts as words of a shell, for commands that a message advises.

/// A text as one word of a shell: as it is where a shell reads it so, else in single quotes.
pub fn shell_word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-./:@%+,".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_a_meaning_for_a_shell_are_quoted() {
        for plain in ["benign", "a/b-1_2.png", "Präparat"] {
            assert_eq!(shell_word(plain), plain);
        }
        for (text, quoted) in [
            ("not ill", "'not ill'"),
            ("(p[0-9]+)", "'(p[0-9]+)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("$HOME", "'$HOME'"),
        ] {
            assert_eq!(shell_word(text), quoted);
        }
    }
}
