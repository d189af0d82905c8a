//! Lines entered before: a bounded list, walked by up and down, searched from the newest.

const MAX_LINES: usize = 500;

#[derive(Default)]
pub struct History {
    lines: Vec<String>,
    /// Which line is shown; `lines.len()` is the line being written.
    at: usize,
    draft: String,
}

impl History {
    /// Remembers a line, unless it is blank or the same as the last one, and goes back to the newest.
    pub fn add(&mut self, line: &str) {
        if !line.trim().is_empty() && self.lines.last().map(String::as_str) != Some(line) {
            if self.lines.len() == MAX_LINES {
                self.lines.remove(0);
            }
            self.lines.push(line.to_owned());
        }
        self.rewind();
    }

    /// Goes back to the line being written.
    pub fn rewind(&mut self) {
        self.at = self.lines.len();
        self.draft.clear();
    }

    /// The line before the shown one; `current` is kept to come back to.
    pub fn older(&mut self, current: &str) -> Option<String> {
        if self.at == 0 {
            return None;
        }
        if self.at == self.lines.len() {
            self.draft = current.to_owned();
        }
        self.at -= 1;
        Some(self.lines[self.at].clone())
    }

    pub fn newer(&mut self) -> Option<String> {
        if self.at == self.lines.len() {
            return None;
        }
        self.at += 1;
        Some(self.lines.get(self.at).unwrap_or(&self.draft).clone())
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn line(&self, index: usize) -> &str {
        self.lines.get(index).map_or("", String::as_str)
    }

    /// The newest line before `end` that contains `query`.
    pub fn search(&self, query: &str, end: usize) -> Option<usize> {
        self.lines[..end.min(self.lines.len())].iter().rposition(|line| line.contains(query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walking_keeps_the_draft() {
        let mut history = History::default();
        for line in ["one", "two", "two", "  "] {
            history.add(line);
        }
        assert_eq!(history.older("dra"), Some("two".to_owned()));
        assert_eq!(history.older("two"), Some("one".to_owned()));
        assert_eq!(history.older("one"), None);
        assert_eq!(history.newer(), Some("two".to_owned()));
        assert_eq!(history.newer(), Some("dra".to_owned()));
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn it_is_bounded_and_searched_from_the_newest() {
        let mut history = History::default();
        for number in 0..MAX_LINES + 10 {
            history.add(&format!("line {}", number));
        }
        assert_eq!(history.len(), MAX_LINES);
        let found = history.search("line 12", MAX_LINES).unwrap();
        assert_eq!(history.line(found), "line 129");
        assert_eq!(history.line(history.search("line 12", found).unwrap()), "line 128");
        assert_eq!(history.search("nothing", MAX_LINES), None);
    }
}
