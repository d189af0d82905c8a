//! The line being written: keys in, what to do out. It draws nothing.

use crate::history::History;
use crate::keys::Key;
use crate::width::{char_width, cluster_end, cluster_start};

/// What a key asks of the shell beyond a changed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The line or the cursor may have changed.
    Edited,
    Submitted(String),
    Interrupted,
    EndOfInput,
    Complete,
    ClearScreen,
    Resized(usize),
}

/// A search through the history; `found` is the line it shows.
struct Search {
    query: String,
    found: Option<usize>,
}

/// A longer line is not taken: a command has no use for it, and it would fill the heap.
const MAX_LINE: usize = 4096;

#[derive(Default)]
pub struct Editor {
    line: Vec<char>,
    cursor: usize,
    killed: Vec<char>,
    history: History,
    search: Option<Search>,
}

impl Editor {
    pub fn line(&self) -> &[char] {
        &self.line
    }

    pub fn cursor(&self) -> usize {
        self.cursor
    }

    pub fn text(&self) -> String {
        self.line.iter().collect()
    }

    pub fn before_cursor(&self) -> String {
        self.line[..self.cursor].iter().collect()
    }

    /// What is searched for, while a search is on.
    pub fn query(&self) -> Option<&str> {
        self.search.as_ref().map(|search| search.query.as_str())
    }

    /// Puts text in at the cursor; control characters, and accents without a letter, are left out.
    pub fn insert(&mut self, text: &str) {
        for character in text.chars().filter(|character| !character.is_control()) {
            let leads = self.cursor == 0 && char_width(character) == 0;
            if leads || self.line.len() >= MAX_LINE {
                continue;
            }
            self.line.insert(self.cursor, character);
            self.cursor += 1;
        }
    }

    pub fn clear(&mut self) {
        self.line.clear();
        self.cursor = 0;
        self.search = None;
        self.history.rewind();
    }

    pub fn press(&mut self, key: Key) -> Outcome {
        if self.search.is_some() {
            if let Some(outcome) = self.press_in_search(&key) {
                return outcome;
            }
        }
        match key {
            Key::Enter => return self.submit(),
            Key::Interrupt => {
                self.clear();
                return Outcome::Interrupted;
            }
            Key::EndOfInput if self.line.is_empty() => return Outcome::EndOfInput,
            Key::Tab => return Outcome::Complete,
            Key::ClearScreen => return Outcome::ClearScreen,
            Key::Columns(columns) => return Outcome::Resized(columns),
            Key::Search => self.start_search(),
            Key::Up => {
                let current = self.text();
                let line = self.history.older(&current);
                self.show(line);
            }
            Key::Down => {
                let line = self.history.newer();
                self.show(line);
            }
            other => self.edit(other),
        }
        Outcome::Edited
    }

    fn submit(&mut self) -> Outcome {
        let line = self.text();
        self.history.add(&line);
        self.clear();
        Outcome::Submitted(line)
    }

    fn show(&mut self, line: Option<String>) {
        if let Some(line) = line {
            self.line = line.chars().collect();
            self.cursor = self.line.len();
        }
    }

    fn edit(&mut self, key: Key) {
        let (cursor, end) = (self.cursor, self.line.len());
        match key {
            Key::Char(character) => self.insert(character.encode_utf8(&mut [0; 4])),
            Key::Left => self.cursor = cluster_start(&self.line, cursor),
            Key::Right if cursor < end => self.cursor = cluster_end(&self.line, cursor),
            Key::WordLeft => self.cursor = self.word_start(),
            Key::WordRight => self.cursor = self.word_end(),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = end,
            Key::Backspace => self.remove(cluster_start(&self.line, cursor), cursor),
            Key::Delete | Key::EndOfInput if cursor < end => self.remove(cursor, cluster_end(&self.line, cursor)),
            Key::KillToEnd => self.kill(cursor, end),
            Key::KillToStart => self.kill(0, cursor),
            Key::KillWordBack => self.kill(self.word_start(), cursor),
            Key::KillWordForward => self.kill(cursor, self.word_end()),
            Key::Yank => {
                let text: String = self.killed.iter().collect();
                self.insert(&text);
            }
            _ => {}
        }
    }

    fn remove(&mut self, start: usize, end: usize) {
        self.line.drain(start..end);
        self.cursor = start;
    }

    fn kill(&mut self, start: usize, end: usize) {
        if start < end {
            self.killed = self.line[start..end].to_vec();
            self.remove(start, end);
        }
    }

    fn word_start(&self) -> usize {
        let before = &self.line[..self.cursor];
        let letters = before.iter().rposition(|c| !c.is_whitespace()).map_or(0, |last| last + 1);
        before[..letters].iter().rposition(|c| c.is_whitespace()).map_or(0, |space| space + 1)
    }

    fn word_end(&self) -> usize {
        let after = &self.line[self.cursor..];
        let spaces = after.iter().position(|c| !c.is_whitespace()).unwrap_or(after.len());
        let word = after[spaces..].iter().position(|c| c.is_whitespace()).unwrap_or(after.len() - spaces);
        self.cursor + spaces + word
    }

    fn start_search(&mut self) {
        self.search = Some(Search { query: String::new(), found: None });
    }

    /// Keys of a search; any other key ends it with the found line and means what it always does.
    fn press_in_search(&mut self, key: &Key) -> Option<Outcome> {
        let mut search = self.search.take()?;
        let newest = self.history.len();
        match key {
            Key::Char(character) => {
                search.query.push(*character);
                search.found = self.history.search(&search.query, search.found.map_or(newest, |found| found + 1));
            }
            Key::Backspace => {
                search.query.pop();
                search.found = self.history.search(&search.query, newest);
            }
            Key::Search => {
                let older = self.history.search(&search.query, search.found.unwrap_or(newest));
                search.found = older.or(search.found);
            }
            Key::Escape | Key::Interrupt => {
                self.clear();
                return Some(Outcome::Edited);
            }
            Key::Columns(_) => {
                self.search = Some(search);
                return None;
            }
            _ => return None,
        }
        let line = search.found.map(|found| self.history.line(found).to_owned());
        self.show(Some(line.unwrap_or_default()));
        self.search = Some(search);
        Some(Outcome::Edited)
    }
}

#[cfg(test)]
mod tests;
