//! A command line as words: blanks separate them, quotes and backslashes keep blanks in.

/// Splits a line; an error says which quote is not closed.
pub fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some('\''), _) => word.get_or_insert_with(String::new).push(character),
            (_, '\\') => word.get_or_insert_with(String::new).push(characters.next().unwrap_or('\\')),
            (Some(_), _) => word.get_or_insert_with(String::new).push(character),
            (None, '"') | (None, '\'') => {
                quote = Some(character);
                word.get_or_insert_with(String::new);
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_with(String::new).push(character),
        }
    }
    if let Some(open) = quote {
        return Err(format!("a quote is not closed: {}", open));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (line, expected) in [
            ("", vec![]),
            ("  a  b ", vec!["a", "b"]),
            ("a \"b c\"d", vec!["a", "b cd"]),
            ("'a \\' b", vec!["a \\", "b"]),
            ("a\\ b \"\"", vec!["a b", ""]),
            ("\"it's\"", vec!["it's"]),
        ] {
            assert_eq!(split(line).unwrap(), expected, "{:?}", line);
        }
        assert_eq!(split("a 'b"), Err("a quote is not closed: '".to_owned()));
    }
}
