//! What Tab offers: commands first, then programs and processes where a command takes one.

use crate::commands::COMMANDS;

/// The bundled programs a person would start; a test compares them with the folders.
pub const PROGRAMS: &[&str] = &[
    "asker", "calculator", "clock", "confined", "crash", "hog", "idle", "memhog", "notes", "pingpong", "receiver",
    "sender", "terminal",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    Nothing,
    Insert(String),
    /// More than one fits and none can be preferred.
    Choices(Vec<String>),
}

/// Completes the word that ends `before`. `names` gives what the second word of a command may be.
pub fn complete(before: &str, names: impl FnOnce(&str) -> Vec<String>) -> Completion {
    let start = before.rfind(char::is_whitespace).map_or(0, |space| space + 1);
    let (earlier, word) = before.split_at(start);
    let earlier: Vec<&str> = earlier.split_whitespace().collect();
    let mut fitting = match earlier.as_slice() {
        [] => COMMANDS.iter().map(|command| command.name.to_owned()).collect(),
        [command] => names(command),
        _ => return Completion::Nothing,
    };
    fitting.retain(|name| name.starts_with(word));
    fitting.sort();
    fitting.dedup();
    match fitting.as_slice() {
        [] => Completion::Nothing,
        [only] => Completion::Insert(format!("{} ", &only[word.len()..])),
        [first, rest @ ..] => {
            let common = rest.iter().fold(first.len(), |length, name| common_prefix(first, name).min(length));
            if common > word.len() {
                Completion::Insert(first[word.len()..common].to_owned())
            } else {
                Completion::Choices(fitting)
            }
        }
    }
}

/// Bytes two names share at their start, whole characters only.
fn common_prefix(first: &str, second: &str) -> usize {
    let same = first.char_indices().zip(second.chars()).take_while(|((_, a), b)| a == b);
    same.map(|((at, a), _)| at + a.len_utf8()).last().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(before: &str) -> Completion {
        complete(before, |_| ["clock", "crash", "créé", "idle"].iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn completions() {
        assert_eq!(done("de"), Completion::Insert("rive ".to_owned()));
        assert_eq!(done("run i"), Completion::Insert("dle ".to_owned()));
        assert_eq!(done("run cra"), Completion::Insert("sh ".to_owned()));
        assert_eq!(done("xyz"), Completion::Nothing);
        assert_eq!(done("run idle i"), Completion::Nothing);
        let choices = ["clock", "crash", "créé"].iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(done("run c"), Completion::Choices(choices));
    }
}
