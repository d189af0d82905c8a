//! Rows of text in aligned columns.

use crate::width::text_width;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

const GAP: &str = "  ";

impl Table {
    pub fn new(columns: &[(&'static str, Align)]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub fn add(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// One line a row under the headings. A last column that is on the left gets no trailing blanks.
    pub fn render(&self) -> String {
        let headings: Vec<String> = self.columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
        let all = || core::iter::once(&headings).chain(&self.rows);
        let widest = |index: usize| all().map(|row| text_width(&row[index])).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.columns.len()).map(widest).collect();
        let mut out = String::new();
        for row in all() {
            let mut line = String::new();
            for (index, cell) in row.iter().enumerate() {
                let padding = " ".repeat(widths[index] - text_width(cell));
                match self.columns[index].1 {
                    Align::Left => line.extend([cell.as_str(), &padding]),
                    Align::Right => line.extend([padding.as_str(), cell]),
                }
                line.push_str(GAP);
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_cells() {
        let mut table = Table::new(&[("N", Align::Right), ("NAME", Align::Left), ("X", Align::Left)]);
        table.add(vec!["1".to_owned(), "日本語".to_owned(), "a".to_owned()]);
        table.add(vec!["100".to_owned(), "b".to_owned(), String::new()]);
        assert_eq!(table.render(), "  N  NAME    X\n  1  日本語  a\n100  b\n");
    }
}
