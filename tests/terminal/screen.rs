//! A terminal as far as ranklab uses one: what stands on it after some output, and what was too wide for it.

use std::collections::BTreeSet;

/// A terminal of unlimited height.
pub struct Screen {
    columns: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// Rows that went on in the next one although their last column was not blank.
    pub overlong: Vec<String>,
    /// Everything that stood in a row at some time.
    pub seen: BTreeSet<String>,
}

impl Screen {
    /// A terminal of this width after this output.
    pub fn showing(columns: usize, output: &str) -> Self {
        let (overlong, seen) = (Vec::new(), BTreeSet::new());
        let mut screen = Self { columns, rows: vec![Vec::new()], row: 0, column: 0, overlong, seen };
        let mut letters = output.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' => screen.go_to(screen.row, 0),
                '\n' => screen.go_to(screen.row + 1, screen.column),
                '\u{1b}' => {
                    assert_eq!(letters.next(), Some('['), "an unknown escape");
                    let mut number = String::new();
                    let command = letters.by_ref().find(|letter| {
                        number.push(*letter);
                        letter.is_ascii_alphabetic()
                    });
                    number.pop();
                    screen.obey(command.unwrap(), &number);
                }
                letter => screen.write(letter),
            }
        }
        screen.go_to(screen.row, 0);
        screen
    }

    /// What stands on it, without blanks at the ends of rows.
    pub fn text(&self) -> String {
        self.rows.iter().map(|row| trimmed(row)).collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    fn obey(&mut self, command: char, number: &str) {
        let times = number.parse().unwrap_or(1);
        match command {
            'A' => self.go_to(self.row.saturating_sub(times), self.column),
            'B' => self.go_to(self.row + times, self.column),
            'K' if number == "2" => self.rows[self.row].clear(),
            'K' => self.rows[self.row].truncate(self.column),
            // Colours, and whether the cursor is shown.
            'm' | 'h' | 'l' => {}
            other => panic!("an unknown escape: {number}{other}"),
        }
    }

    /// Writes where the cursor is. After the last column it waits: only the next letter begins a new row.
    fn write(&mut self, letter: char) {
        if self.column == self.columns {
            if self.rows[self.row].last().is_some_and(|last| *last != ' ') {
                self.overlong.push(trimmed(&self.rows[self.row]));
            }
            self.go_to(self.row + 1, 0);
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + 1), ' ');
        row[self.column] = letter;
        self.column += 1;
    }

    fn go_to(&mut self, row: usize, column: usize) {
        self.seen.insert(trimmed(&self.rows[self.row]));
        (self.row, self.column) = (row, column.min(self.columns - 1));
        self.rows.resize(self.rows.len().max(row + 1), Vec::new());
    }
}

fn trimmed(row: &[char]) -> String {
    row.iter().collect::<String>().trim_end().to_owned()
}
