//! Drawing the line being written on a terminal of known width: what to write so that it looks right.
//!
//! Rows are counted from the prompt's own. A character of two cells that does not fit at the right edge goes to the
//! next row, as terminals do it.

use crate::width::{cluster_end, cluster_width, text_width};

const DEFAULT_COLUMNS: usize = 80;

pub struct View {
    columns: usize,
    /// The terminal has said how wide it is.
    measured: bool,
    /// Row of the cursor at the moment.
    row: usize,
    /// What is on screen, so that typing at the end writes one character and no more.
    drawn: Option<Drawn>,
}

struct Drawn {
    prompt: String,
    line: Vec<char>,
    end: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    row: usize,
    column: usize,
}

impl Place {
    fn advance(self, width: usize, columns: usize) -> Place {
        if self.column + width > columns {
            Place { row: self.row + 1, column: width }
        } else {
            Place { row: self.row, column: self.column + width }
        }
    }

    /// Behind the last column a terminal waits to wrap; the cursor belongs at the start of the next row.
    fn settled(self, columns: usize) -> Place {
        if self.column == columns {
            Place { row: self.row + 1, column: 0 }
        } else {
            self
        }
    }
}

/// A prompt with its colours, and what of it takes cells.
#[derive(Clone, Copy)]
pub struct Prompt<'a> {
    pub styled: &'a str,
    pub plain: &'a str,
}

impl View {
    pub fn new() -> View {
        View { columns: DEFAULT_COLUMNS, measured: false, row: 0, drawn: None }
    }

    pub fn set_columns(&mut self, columns: usize) {
        self.columns = columns;
        self.measured = true;
        self.drawn = None;
    }

    /// Moves to the start of the prompt's row and clears everything from there.
    pub fn erase(&mut self) -> String {
        let up = move_by(self.row, 'A');
        self.row = 0;
        self.drawn = None;
        format!("\r{}\x1b[J", up)
    }

    /// The cursor is at the start of a free row from here on.
    pub fn restart(&mut self) {
        self.row = 0;
        self.drawn = None;
    }

    /// After a program has written: a fresh row if it left the cursor inside one. A mark and as many spaces as the
    /// terminal is wide wrap to the next row exactly when the cursor was not in the first column. On a terminal of
    /// unknown width a blank row does no harm.
    pub fn fresh_row(&mut self) -> String {
        self.restart();
        if self.measured {
            format!("\x1b[7m%\x1b[0m{}\r\x1b[K", " ".repeat(self.columns - 1))
        } else {
            "\n".to_owned()
        }
    }

    /// Writes prompt and line and puts the cursor before `cursor`.
    pub fn draw(&mut self, prompt: Prompt<'_>, line: &[char], cursor: usize) -> String {
        if let Some(appended) = self.append(prompt, line, cursor) {
            return appended;
        }
        let mut out = self.erase();
        out.push_str(prompt.styled);
        out.extend(line);
        let start = Place { row: 0, column: 0 };
        let prompt_end = start.advance(text_width(prompt.plain).min(self.columns), self.columns);
        let (target, end) = self.places(prompt_end, line, cursor);
        let settled = end.settled(self.columns);
        if settled != end {
            out.push('\n');
        }
        let target = target.settled(self.columns);
        out.push_str(&move_by(settled.row - target.row, 'A'));
        out.push('\r');
        out.push_str(&move_by(target.column, 'C'));
        self.row = target.row;
        self.drawn = Some(Drawn { prompt: prompt.plain.to_owned(), line: line.to_vec(), end: settled });
        out
    }

    /// Where the cursor and the end of the line are.
    fn places(&self, prompt_end: Place, line: &[char], cursor: usize) -> (Place, Place) {
        let (mut at, mut place, mut target) = (0, prompt_end, prompt_end);
        while at < line.len() {
            let end = cluster_end(line, at);
            place = place.advance(cluster_width(&line[at..end]), self.columns);
            at = end;
            if at <= cursor {
                target = place;
            }
        }
        (target, place)
    }

    /// The common case: one more plain character at the end of what is on screen, with room for it.
    fn append(&mut self, prompt: Prompt<'_>, line: &[char], cursor: usize) -> Option<String> {
        let drawn = self.drawn.as_mut()?;
        let (last, before) = line.split_last()?;
        let is_plain = last.is_ascii() && cursor == line.len() && drawn.end.row == self.row;
        let has_room = drawn.end.column + 1 < self.columns;
        if !is_plain || !has_room || drawn.prompt != prompt.plain || drawn.line != before {
            return None;
        }
        drawn.line.push(*last);
        drawn.end.column += 1;
        Some(last.to_string())
    }
}

/// `CSI n x`, nothing for 0.
fn move_by(count: usize, direction: char) -> String {
    if count == 0 {
        String::new()
    } else {
        format!("\x1b[{}{}", count, direction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: Prompt<'static> = Prompt { styled: "> ", plain: "> " };

    fn draw(view: &mut View, line: &str, cursor: usize) -> String {
        let line: Vec<char> = line.chars().collect();
        view.draw(PROMPT, &line, cursor)
    }

    fn narrow() -> View {
        let mut view = View::new();
        view.set_columns(10);
        view
    }

    #[test]
    fn typing_at_the_end_writes_one_character() {
        let mut view = narrow();
        draw(&mut view, "ab", 2);
        assert_eq!(draw(&mut view, "abc", 3), "c");
        assert_ne!(draw(&mut view, "abcd", 2), "d");
    }

    #[test]
    fn the_cursor_is_put_back_over_rows() {
        let mut view = narrow();
        assert_eq!(draw(&mut view, "0123456789ab", 1), "\r\x1b[J> 0123456789ab\x1b[1A\r\x1b[3C");
        assert_eq!(draw(&mut view, "0123456789ab", 12), "\r\x1b[J> 0123456789ab\r\x1b[4C");
        assert_eq!(view.erase(), "\r\x1b[1A\x1b[J");
    }

    #[test]
    fn a_full_row_is_wrapped_by_hand() {
        let mut view = narrow();
        assert_eq!(draw(&mut view, "01234567", 8), "\r\x1b[J> 01234567\n\r");
        assert_eq!(view.erase(), "\r\x1b[1A\x1b[J");
    }

    #[test]
    fn a_wide_character_does_not_straddle_the_edge() {
        let mut view = narrow();
        assert_eq!(draw(&mut view, "0123456日x", 9), "\r\x1b[J> 0123456日x\r\x1b[3C");
        assert_eq!(view.erase(), "\r\x1b[1A\x1b[J");
    }

    #[test]
    fn a_fresh_row_needs_the_width() {
        assert_eq!(View::new().fresh_row(), "\n");
        assert_eq!(narrow().fresh_row(), "\x1b[7m%\x1b[0m         \r\x1b[K");
    }
}
