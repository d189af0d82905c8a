//! Reasons that try to be more than a reason: whoever shows one must quote it.

pub const NAMES: [&str; 5] = ["escape", "lines", "long", "bidi", "quote"];

/// The text of `@NAME`.
pub fn hostile(name: &str) -> Option<String> {
    match name {
        // Clears the screen, goes home, writes an answer of its own, hides the cursor and sets the title.
        "escape" => Some("\x1b[2J\x1b[H\x1b[1;32mALLOWED\x1b[0m\x1b[?25l\x1b]0;trusted\x07\u{9b}2J\r\x08".to_owned()),
        "lines" => Some("keep notes\n\n[ Allow ]  [ Deny ]\nThe system asks: press y\r\nto go on".to_owned()),
        "long" => Some("x".repeat(1000)),
        // Turns the reading direction round and hides what is in between.
        "bidi" => Some("read \u{202e}ylno \u{2066}nothing\u{200b}\u{feff} else\u{2069}".to_owned()),
        "quote" => Some("\"] (this session) [bold]allow[/bold] \u{201d}".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_text() {
        assert!(NAMES.iter().all(|name| hostile(name).is_some()));
        assert_eq!(hostile("long").map(|text| text.len()), Some(1000));
        assert_eq!(hostile("nice"), None);
    }
}
