//! A pocket calculator without system calls: keys in, a display out.
//!
//! It works from left to right, as pocket calculators do: `1 + 2 × 3 =` is 9. `=` again repeats the last step.

/// Digits that fit the display.
const DIGITS: usize = 12;

/// Numbers outside of this range are shown with an exponent.
const PLAIN: core::ops::Range<f64> = 1e-9..1e12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Digit(u8),
    Point,
    /// `+`, `-`, `×` or `÷`.
    Operator(char),
    Equals,
    Sign,
    Percent,
    Backspace,
    ClearEntry,
    Clear,
    MemoryAdd,
    MemorySubtract,
    MemoryRecall,
    MemoryClear,
}

impl Key {
    /// A key by what is written on it, or typed for it.
    pub fn named(name: &str) -> Option<Key> {
        Some(match name {
            "." | "," => Key::Point,
            "+" => Key::Operator('+'),
            "-" | "−" => Key::Operator('-'),
            "*" | "×" | "x" => Key::Operator('×'),
            "/" | "÷" | ":" => Key::Operator('÷'),
            "=" | "\r" | "\n" => Key::Equals,
            "±" | "n" => Key::Sign,
            "%" => Key::Percent,
            "⌫" | "\x08" | "\x7f" => Key::Backspace,
            "CE" | "e" => Key::ClearEntry,
            "C" | "AC" | "c" => Key::Clear,
            "M+" => Key::MemoryAdd,
            "M-" => Key::MemorySubtract,
            "MR" => Key::MemoryRecall,
            "MC" => Key::MemoryClear,
            digit => Key::Digit(digit.parse().ok().filter(|digit| *digit < 10)?),
        })
    }
}

/// What is on the display: digits being typed, or a number that was calculated.
#[derive(Clone, Debug, PartialEq)]
enum Entry {
    Typed(String),
    Result(f64),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Engine {
    entry: Entry,
    /// What stands left of the operator, and the operator, once one was pressed.
    pending: Option<(f64, char)>,
    /// The last operator and what stood right of it.
    last_step: Option<(char, f64)>,
    memory: f64,
    has_error: bool,
}

impl Default for Engine {
    fn default() -> Engine {
        Engine { entry: Entry::Result(0.0), pending: None, last_step: None, memory: 0.0, has_error: false }
    }
}

impl Engine {
    pub fn display(&self) -> String {
        match &self.entry {
            _ if self.has_error => "Error".to_owned(),
            Entry::Typed(text) => text.clone(),
            Entry::Result(number) => number_text(*number),
        }
    }

    pub fn operator(&self) -> Option<char> {
        self.pending.map(|(_, operator)| operator)
    }

    pub fn has_error(&self) -> bool {
        self.has_error
    }

    pub fn has_memory(&self) -> bool {
        self.memory != 0.0
    }

    /// After an error nothing but clearing helps.
    pub fn press(&mut self, key: Key) {
        if self.has_error && !matches!(key, Key::Clear | Key::ClearEntry) {
            return;
        }
        match key {
            Key::Digit(digit) => self.type_character((b'0' + digit) as char),
            Key::Point => self.type_character('.'),
            Key::Operator(operator) => self.operate(operator),
            Key::Equals => self.equals(),
            Key::Sign => self.negate(),
            Key::Percent => self.percent(),
            Key::Backspace => self.backspace(),
            Key::ClearEntry => {
                self.entry = Entry::Result(0.0);
                self.has_error = false;
            }
            Key::Clear => *self = Engine { memory: self.memory, ..Engine::default() },
            Key::MemoryAdd => self.memory += self.number(),
            Key::MemorySubtract => self.memory -= self.number(),
            Key::MemoryRecall => self.entry = Entry::Result(self.memory),
            Key::MemoryClear => self.memory = 0.0,
        }
    }

    fn number(&self) -> f64 {
        match &self.entry {
            Entry::Typed(text) => text.parse().unwrap_or(0.0),
            Entry::Result(number) => *number,
        }
    }

    fn type_character(&mut self, character: char) {
        let mut text = match &self.entry {
            Entry::Typed(text) => text.clone(),
            Entry::Result(_) => "0".to_owned(),
        };
        let digits = text.chars().filter(char::is_ascii_digit).count();
        match character {
            '.' if text.contains('.') => {}
            '.' => text.push('.'),
            _ if digits >= DIGITS => {}
            digit if text == "0" => text = digit.to_string(),
            digit if text == "-0" => text = format!("-{}", digit),
            digit => text.push(digit),
        }
        self.entry = Entry::Typed(text);
    }

    fn backspace(&mut self) {
        if let Entry::Typed(text) = &mut self.entry {
            text.pop();
            if text.is_empty() || text == "-" {
                *text = "0".to_owned();
            }
        }
    }

    fn negate(&mut self) {
        self.entry = match &self.entry {
            Entry::Typed(text) => Entry::Typed(match text.strip_prefix('-') {
                Some(positive) => positive.to_owned(),
                None => format!("-{}", text),
            }),
            Entry::Result(number) => Entry::Result(-number),
        };
    }

    /// An operator after an operator replaces it; one after a number carries out the one before.
    fn operate(&mut self, operator: char) {
        if let (Some((left, former)), Entry::Typed(_)) = (self.pending, &self.entry) {
            self.carry_out(left, former, self.number());
        }
        self.pending = Some((self.number(), operator));
        self.entry = Entry::Result(self.number());
        self.last_step = None;
    }

    fn equals(&mut self) {
        match (self.pending.take(), self.last_step) {
            (Some((left, operator)), _) => {
                let right = self.number();
                self.last_step = Some((operator, right));
                self.carry_out(left, operator, right);
            }
            (None, Some((operator, right))) => self.carry_out(self.number(), operator, right),
            (None, None) => self.entry = Entry::Result(self.number()),
        }
    }

    /// A hundredth; of what stands left of `+` and `-`, as prices are reckoned.
    fn percent(&mut self) {
        let share = self.number() / 100.0;
        let of = match self.pending {
            Some((left, '+' | '-')) => left,
            _ => 1.0,
        };
        self.show(share * of);
        // The share was typed, as far as the next operator is concerned.
        self.entry = Entry::Typed(self.display());
    }

    fn carry_out(&mut self, left: f64, operator: char, right: f64) {
        self.show(match operator {
            '+' => left + right,
            '-' => left - right,
            '×' => left * right,
            _ => left / right,
        });
    }

    fn show(&mut self, number: f64) {
        self.has_error = !number.is_finite();
        self.entry = Entry::Result(if self.has_error { 0.0 } else { number });
        if self.has_error {
            self.pending = None;
        }
    }
}

/// At most twelve digits, without zeros that say nothing.
fn number_text(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !PLAIN.contains(&size) {
        let text = format!("{:.*e}", DIGITS / 2, number);
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{}", without_idle_zeros(digits), exponent);
    }
    let before_point = size.log10().floor().max(0.0) as usize + 1;
    without_idle_zeros(&format!("{:.*}", DIGITS.saturating_sub(before_point), number)).to_owned()
}

fn without_idle_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(keys: &str) -> Engine {
        let mut engine = Engine::default();
        for key in keys.split(' ').filter(|key| !key.is_empty()) {
            engine.press(Key::named(key).unwrap_or_else(|| panic!("{} is no key", key)));
        }
        engine
    }

    #[test]
    fn displays() {
        for (keys, display) in [
            ("", "0"),
            ("0 0 7", "7"),
            ("1 . . 5", "1.5"),
            (". 5 ±", "-0.5"),
            ("± 5", "5"),
            ("1 2 ⌫", "1"),
            ("1 ⌫", "0"),
            ("1 + 2 × 3 =", "9"),
            ("1 + ×  3 =", "3"),
            ("2 × =", "4"),
            ("5 - 2 = =", "1"),
            ("0 . 1 + 0 . 2 =", "0.3"),
            ("1 ÷ 3 =", "0.33333333333"),
            ("2 0 0 + 1 0 % =", "220"),
            ("5 0 %", "0.5"),
            ("1 2 3 4 5 6 7 8 9 0 1 2 3", "123456789012"),
            ("1 2 3 4 5 6 7 8 9 0 1 2 × 1 0 =", "1.234568e12"),
            ("1 ÷ 0 =", "Error"),
            ("1 ÷ 0 = 7", "Error"),
            ("1 ÷ 0 = C 7", "7"),
            ("4 M+ C 2 M- C MR", "2"),
            ("7 = 3", "3"),
        ] {
            assert_eq!(after(keys).display(), display, "{:?}", keys);
        }
    }

    #[test]
    fn what_else_a_view_shows() {
        let engine = after("4 M+ ×");
        assert_eq!((engine.operator(), engine.has_memory(), engine.has_error()), (Some('×'), true, false));
        assert!(!after("4 M+ MC").has_memory());
        let engine = after("4 ÷ 0 =");
        assert_eq!((engine.operator(), engine.has_error()), (None, true));
    }

    #[test]
    fn what_is_no_key() {
        for name in ["", "q", "10", "++", "日"] {
            assert_eq!(Key::named(name), None, "{:?}", name);
        }
    }
}
