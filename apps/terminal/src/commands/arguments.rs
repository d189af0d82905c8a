//! Words of a command as numbers, rights, durations and limits.

use super::Failure;
use zos_process::{Limits, Permissions};

pub fn number(word: &str) -> Result<u32, Failure> {
    word.parse().map_err(|_| Failure::Text(format!("{}: not a number", word)))
}

/// Decimal, or hexadecimal after `0x`.
pub fn tag(word: &str) -> Result<u32, Failure> {
    let parsed = match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => word.parse(),
    };
    parsed.map_err(|_| Failure::Text(format!("{}: not a tag; write 4096 or 0x1000", word)))
}

pub fn rights(word: &str) -> Result<Permissions, Failure> {
    Permissions::parse(word).ok_or_else(|| Failure::Text(format!("{}: not rights; write letters of rwg", word)))
}

/// `for 10s` and `uses 3`, each at most once, in either order.
pub fn limits(words: &[&str]) -> Result<Limits, Failure> {
    let mut limits = Limits::NONE;
    let mut rest = words;
    while let [name, value, more @ ..] = rest {
        match *name {
            "for" if limits.expires_in_ms == 0 => limits.expires_in_ms = duration_ms(value)?,
            "uses" if limits.uses == 0 => limits.uses = positive(value)?,
            _ => return Err(Failure::Usage),
        }
        rest = more;
    }
    if rest.is_empty() {
        Ok(limits)
    } else {
        Err(Failure::Usage)
    }
}

fn positive(word: &str) -> Result<u32, Failure> {
    match number(word)? {
        0 => Err(Failure::Text("0 uses would mean as many as you like".to_owned())),
        count => Ok(count),
    }
}

/// `500ms`, `10s`, `5m`, `2h`, in milliseconds.
fn duration_ms(word: &str) -> Result<u64, Failure> {
    let wrong = || Failure::Text(format!("{}: not a duration; write 500ms, 10s, 5m or 2h", word));
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &word[digits.len()..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    match digits.parse::<u32>() {
        Ok(count) if count > 0 => Ok(u64::from(count) * unit),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_in_either_order() {
        let both = Limits { expires_in_ms: 10_000, uses: 3 };
        assert_eq!(limits(&["for", "10s", "uses", "3"]).ok(), Some(both));
        assert_eq!(limits(&["uses", "3", "for", "10s"]).ok(), Some(both));
        assert_eq!(limits(&[]).ok(), Some(Limits::NONE));
        for wrong in [&["for"][..], &["for", "10"], &["for", "0s"], &["uses", "0"], &["uses", "1", "uses", "2"]] {
            assert!(limits(wrong).is_err(), "{:?}", wrong);
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(tag("0x10").ok(), Some(16));
        assert_eq!(tag("16").ok(), Some(16));
        assert!(tag("x").is_err());
        assert!(number("-1").is_err());
        assert_eq!(duration_ms("2h").ok(), Some(7_200_000));
        assert!(duration_ms("2日").is_err());
    }
}
