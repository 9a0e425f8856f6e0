//! Quoting of texts in job scripts: for the shell, and for the options that `sbatch` reads in comments.

/// A text as one word of a shell.
pub(super) fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text as one value of an `#SBATCH` option, which `sbatch` unquotes in its own way.
pub(super) fn sbatch_value(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted + "\""
}

/// A path in a file name pattern of Slurm, where `%` begins a replacement.
pub(super) fn pattern(path: &str) -> String {
    path.replace('%', "%%")
}
