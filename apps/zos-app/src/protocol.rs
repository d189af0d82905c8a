//! The app envelope: states an application shows, inputs its view sends (abi: App envelope).
//!
//! `version u8 = 1, type_tag u8, payload_len u16, payload`; the payload begins with the type tag again; a string is
//! `len u16, UTF-8`. A decoder checks version, lengths and UTF-8, and refuses unknown tags and bytes left over.

use core::fmt;
use zos_process::abi::MAX_PAYLOAD;
use zos_process::wire::{Reader, Writer};

pub const VERSION: u8 = 1;

pub const TAG_CLOCK: u8 = 0x01;
pub const TAG_CALCULATOR: u8 = 0x02;
pub const TAG_TERMINAL: u8 = 0x03;
pub const TAG_BUTTON: u8 = 0x10;
pub const TAG_TEXT: u8 = 0x11;
pub const TAG_KEY: u8 = 0x12;
pub const TAG_FOCUS: u8 = 0x13;
pub const TAG_TERMINAL_INPUT: u8 = 0x20;

pub const MODIFIER_SHIFT: u8 = 1;
pub const MODIFIER_CTRL: u8 = 2;
pub const MODIFIER_ALT: u8 = 4;

const HEADER: usize = 4;

/// What an application's view shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Clock { time: String, date: String, is_24_hour: bool, timezone: String },
    Calculator { display: String, operator: Option<char>, has_error: bool, memory: bool },
    Terminal { output: String, prompt: String, cursor: u32, ready: bool },
}

/// What a view sends to its application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Button { name: String },
    Text(String),
    Key { code: u32, modifiers: u8 },
    Focus { gained: bool },
    Terminal { action: TerminalAction, text: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalAction {
    Char,
    Enter,
    Tab,
    Up,
    Down,
    Backspace,
    Delete,
    Interrupt,
    Eof,
    Clear,
}

/// The number of an action on the wire is its place here.
const ACTIONS: [TerminalAction; 10] = [
    TerminalAction::Char,
    TerminalAction::Enter,
    TerminalAction::Tab,
    TerminalAction::Up,
    TerminalAction::Down,
    TerminalAction::Backspace,
    TerminalAction::Delete,
    TerminalAction::Interrupt,
    TerminalAction::Eof,
    TerminalAction::Clear,
];

/// The envelope would not fit into one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError;

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the envelope does not fit into one message")
    }
}

/// Why bytes are not an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    Version(u8),
    UnknownTag(u8),
    /// The payload's tag is not the envelope's.
    TagMismatch,
    /// Cut short, or longer than declared.
    Length,
    Utf8,
    /// A flag that is neither 0 nor 1, a number that names nothing.
    Value,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Version(found) => write!(f, "envelope version {}, not {}", found, VERSION),
            DecodeError::UnknownTag(tag) => write!(f, "unknown envelope tag {:#04x}", tag),
            DecodeError::TagMismatch => f.write_str("the payload's tag is not the envelope's"),
            DecodeError::Length => f.write_str("the envelope's lengths do not fit its bytes"),
            DecodeError::Utf8 => f.write_str("a string is not UTF-8"),
            DecodeError::Value => f.write_str("a field has a value that means nothing"),
        }
    }
}

fn seal(payload: Writer, tag: u8) -> Result<Vec<u8>, EncodeError> {
    let payload = payload.finish();
    if HEADER + payload.len() > MAX_PAYLOAD as usize {
        return Err(EncodeError);
    }
    Ok(Writer::new().u8(VERSION).u8(tag).long(&payload).finish())
}

/// Checks version and lengths; returns the tag and a reader behind the payload's copy of it.
fn open(bytes: &[u8]) -> Result<(u8, Fields<'_>), DecodeError> {
    let mut reader = Reader::new(bytes);
    let version = reader.u8().ok_or(DecodeError::Length)?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    let tag = reader.u8().ok_or(DecodeError::Length)?;
    let payload = reader.long().ok_or(DecodeError::Length)?;
    reader.end().ok_or(DecodeError::Length)?;
    let mut fields = Fields { reader: Reader::new(payload) };
    if fields.u8()? != tag {
        return Err(DecodeError::TagMismatch);
    }
    Ok((tag, fields))
}

/// A reader whose errors say what was wrong.
struct Fields<'a> {
    reader: Reader<'a>,
}

impl Fields<'_> {
    fn u8(&mut self) -> Result<u8, DecodeError> {
        self.reader.u8().ok_or(DecodeError::Length)
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        self.reader.u32().ok_or(DecodeError::Length)
    }

    fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Value),
        }
    }

    fn string(&mut self) -> Result<String, DecodeError> {
        let bytes = self.reader.long().ok_or(DecodeError::Length)?;
        core::str::from_utf8(bytes).map(str::to_owned).map_err(|_| DecodeError::Utf8)
    }

    fn optional_char(&mut self) -> Result<Option<char>, DecodeError> {
        if self.flag()? {
            char::from_u32(self.u32()?).map(Some).ok_or(DecodeError::Value)
        } else {
            Ok(None)
        }
    }

    fn end(&self) -> Result<(), DecodeError> {
        self.reader.end().ok_or(DecodeError::Length)
    }
}

fn text(writer: Writer, text: &str) -> Writer {
    writer.long(text.as_bytes())
}

impl State {
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        match self {
            State::Clock { time, date, is_24_hour, timezone } => {
                let writer = text(text(Writer::new().u8(TAG_CLOCK), time), date).u8(*is_24_hour as u8);
                seal(text(writer, timezone), TAG_CLOCK)
            }
            State::Calculator { display, operator, has_error, memory } => {
                let writer = text(Writer::new().u8(TAG_CALCULATOR), display);
                let writer = match operator {
                    Some(operator) => writer.u8(1).u32(*operator as u32),
                    None => writer.u8(0),
                };
                seal(writer.u8(*has_error as u8).u8(*memory as u8), TAG_CALCULATOR)
            }
            State::Terminal { output, prompt, cursor, ready } => {
                let writer = text(text(Writer::new().u8(TAG_TERMINAL), output), prompt);
                seal(writer.u32(*cursor).u8(*ready as u8), TAG_TERMINAL)
            }
        }
    }

    pub fn decode(bytes: &[u8]) -> Result<State, DecodeError> {
        let (tag, mut fields) = open(bytes)?;
        let state = match tag {
            TAG_CLOCK => State::Clock {
                time: fields.string()?,
                date: fields.string()?,
                is_24_hour: fields.flag()?,
                timezone: fields.string()?,
            },
            TAG_CALCULATOR => State::Calculator {
                display: fields.string()?,
                operator: fields.optional_char()?,
                has_error: fields.flag()?,
                memory: fields.flag()?,
            },
            TAG_TERMINAL => State::Terminal {
                output: fields.string()?,
                prompt: fields.string()?,
                cursor: fields.u32()?,
                ready: fields.flag()?,
            },
            unknown => return Err(DecodeError::UnknownTag(unknown)),
        };
        fields.end()?;
        Ok(state)
    }
}

impl Input {
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        match self {
            Input::Button { name } => seal(text(Writer::new().u8(TAG_BUTTON), name), TAG_BUTTON),
            Input::Text(typed) => seal(text(Writer::new().u8(TAG_TEXT), typed), TAG_TEXT),
            Input::Key { code, modifiers } => seal(Writer::new().u8(TAG_KEY).u32(*code).u8(*modifiers), TAG_KEY),
            Input::Focus { gained } => seal(Writer::new().u8(TAG_FOCUS).u8(*gained as u8), TAG_FOCUS),
            Input::Terminal { action, text: typed } => {
                let number = ACTIONS.iter().position(|known| known == action).unwrap_or(0) as u8;
                seal(text(Writer::new().u8(TAG_TERMINAL_INPUT).u8(number), typed), TAG_TERMINAL_INPUT)
            }
        }
    }

    pub fn decode(bytes: &[u8]) -> Result<Input, DecodeError> {
        let (tag, mut fields) = open(bytes)?;
        let input = match tag {
            TAG_BUTTON => Input::Button { name: fields.string()? },
            TAG_TEXT => Input::Text(fields.string()?),
            TAG_KEY => {
                let (code, modifiers) = (fields.u32()?, fields.u8()?);
                if modifiers & !(MODIFIER_SHIFT | MODIFIER_CTRL | MODIFIER_ALT) != 0 {
                    return Err(DecodeError::Value);
                }
                Input::Key { code, modifiers }
            }
            TAG_FOCUS => Input::Focus { gained: fields.flag()? },
            TAG_TERMINAL_INPUT => Input::Terminal {
                action: *ACTIONS.get(fields.u8()? as usize).ok_or(DecodeError::Value)?,
                text: fields.string()?,
            },
            unknown => return Err(DecodeError::UnknownTag(unknown)),
        };
        fields.end()?;
        Ok(input)
    }
}

#[cfg(test)]
mod tests;
