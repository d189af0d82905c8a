//! Bytes of a raw console as keys: text, control characters, and the escape sequences of xterm-like terminals.

/// What one keystroke, or one report of the terminal, means to the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Enter,
    Tab,
    Backspace,
    Delete,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Up,
    Down,
    KillToEnd,
    KillToStart,
    KillWordBack,
    KillWordForward,
    Yank,
    Search,
    Escape,
    Interrupt,
    EndOfInput,
    ClearScreen,
    /// The terminal says how many columns it has.
    Columns(usize),
}

/// Control characters, by their byte.
const CONTROLS: &[(u8, Key)] = &[
    (0x01, Key::Home),
    (0x02, Key::Left),
    (0x03, Key::Interrupt),
    (0x04, Key::EndOfInput),
    (0x05, Key::End),
    (0x06, Key::Right),
    (0x07, Key::Escape),
    (0x08, Key::Backspace),
    (0x09, Key::Tab),
    (0x0a, Key::Enter),
    (0x0b, Key::KillToEnd),
    (0x0c, Key::ClearScreen),
    (0x0d, Key::Enter),
    (0x0e, Key::Down),
    (0x10, Key::Up),
    (0x12, Key::Search),
    (0x15, Key::KillToStart),
    (0x17, Key::KillWordBack),
    (0x19, Key::Yank),
    (0x7f, Key::Backspace),
];

/// Alt with a character arrives as escape and the character.
const WITH_ALT: &[(char, Key)] = &[
    ('b', Key::WordLeft),
    ('f', Key::WordRight),
    ('d', Key::KillWordForward),
    ('\u{7f}', Key::KillWordBack),
    ('\u{8}', Key::KillWordBack),
];

/// Final characters of cursor and function keys, `CSI … x` and `SS3 x`.
const FINALS: &[(char, Key)] = &[
    ('A', Key::Up),
    ('B', Key::Down),
    ('C', Key::Right),
    ('D', Key::Left),
    ('F', Key::End),
    ('H', Key::Home),
];

/// First parameters of `CSI n ~`.
const NUMBERED: &[(usize, Key)] =
    &[(1, Key::Home), (3, Key::Delete), (4, Key::End), (7, Key::Home), (8, Key::End)];

const ESCAPE: char = '\u{1b}';
const MODIFIER_ALT: usize = 3;
const MODIFIER_CTRL: usize = 5;

/// First parameter of a size report: the answer to `CSI 18 t`, and one in band (mode 2048).
const SIZE_ANSWER: usize = 8;
const SIZE_IN_BAND: usize = 48;

/// No sequence of a terminal is longer; a longer one is thrown away.
const MAX_SEQUENCE: usize = 64;

fn named<N: PartialEq + Copy>(table: &[(N, Key)], name: N) -> Option<Key> {
    table.iter().find(|row| row.0 == name).map(|row| row.1.clone())
}

/// Turns input into keys; keeps the beginning of a sequence whose rest has not come yet.
#[derive(Default)]
pub struct Decoder {
    pending: Vec<char>,
}

impl Decoder {
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Key> {
        let mut text = core::mem::take(&mut self.pending);
        text.extend(String::from_utf8_lossy(bytes).chars());
        let mut keys = Vec::new();
        let mut at = 0;
        while at < text.len() {
            match sequence_length(&text[at..]) {
                Some(length) => {
                    keys.extend(key_of(&text[at..at + length]));
                    at += length;
                }
                None if text.len() - at > MAX_SEQUENCE => break,
                None => {
                    self.pending = text[at..].to_vec();
                    break;
                }
            }
        }
        keys
    }
}

/// How many characters belong to the first key; `None` when the sequence is not complete. A lone escape at the end of
/// the input is the escape key: terminals send a sequence in one piece.
fn sequence_length(text: &[char]) -> Option<usize> {
    match text {
        [ESCAPE, '[', rest @ ..] => rest.iter().position(|c| ('@'..='~').contains(c)).map(|final_at| final_at + 3),
        [ESCAPE, 'O', _, ..] => Some(3),
        [ESCAPE, 'O'] => None,
        [ESCAPE, ESCAPE, ..] | [ESCAPE] => Some(1),
        [ESCAPE, _, ..] => Some(2),
        _ => Some(1),
    }
}

fn key_of(sequence: &[char]) -> Option<Key> {
    match sequence {
        [ESCAPE] => Some(Key::Escape),
        [ESCAPE, '[', parameters @ .., last] => key_of_csi(parameters, *last),
        [ESCAPE, 'O', last] => named(FINALS, *last),
        [ESCAPE, character] => named(WITH_ALT, *character),
        [control] if control.is_ascii_control() => named(CONTROLS, *control as u8),
        [control] if control.is_control() => None,
        [character] => Some(Key::Char(*character)),
        _ => None,
    }
}

fn key_of_csi(parameters: &[char], last: char) -> Option<Key> {
    let text: String = parameters.iter().collect();
    let numbers: Vec<usize> = text.split(';').map(|number| number.parse().unwrap_or(0)).collect();
    let number = |index: usize| numbers.get(index).copied().unwrap_or(0);
    match last {
        't' if number(0) == SIZE_ANSWER || number(0) == SIZE_IN_BAND => {
            Some(number(2)).filter(|columns| *columns > 0).map(Key::Columns)
        }
        '~' => named(NUMBERED, number(0)),
        'C' | 'D' if number(1) == MODIFIER_ALT || number(1) == MODIFIER_CTRL => {
            Some(if last == 'C' { Key::WordRight } else { Key::WordLeft })
        }
        _ => named(FINALS, last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Key> {
        Decoder::default().feed(text.as_bytes())
    }

    #[test]
    fn text_and_controls() {
        assert_eq!(keys("aé\r"), [Key::Char('a'), Key::Char('é'), Key::Enter]);
        assert_eq!(keys("\u{3}\u{4}\u{7f}"), [Key::Interrupt, Key::EndOfInput, Key::Backspace]);
        assert_eq!(keys("\u{0}\u{85}"), []);
    }

    #[test]
    fn sequences() {
        assert_eq!(keys("\x1b[A\x1bOB\x1b[3~\x1b[1;5C"), [Key::Up, Key::Down, Key::Delete, Key::WordRight]);
        assert_eq!(keys("\x1bb\x1b\x7f"), [Key::WordLeft, Key::KillWordBack]);
        assert_eq!(keys("\x1b"), [Key::Escape]);
        assert_eq!(keys("\x1b[8;24;100t\x1b[48;40;132;0;0t"), [Key::Columns(100), Key::Columns(132)]);
        assert_eq!(keys("\x1b[200~hi\x1b[201~"), [Key::Char('h'), Key::Char('i')]);
        assert_eq!(keys("\x1b[?1;2c\x1b[I"), []);
    }

    #[test]
    fn a_sequence_may_come_in_parts() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.feed(b"x\x1b[1;"), [Key::Char('x')]);
        assert_eq!(decoder.feed(b"5D"), [Key::WordLeft]);
    }

    #[test]
    fn an_endless_sequence_is_thrown_away() {
        let mut decoder = Decoder::default();
        let endless = format!("\x1b[{}", "1;".repeat(100));
        assert_eq!(decoder.feed(endless.as_bytes()), []);
        assert_eq!(decoder.feed(b"a"), [Key::Char('a')]);
    }
}
