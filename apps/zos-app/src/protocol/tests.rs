//! Round trips, literal bytes, and everything a decoder must refuse.

use super::*;

fn states() -> Vec<State> {
    let word = |text: &str| text.to_owned();
    vec![
        State::Clock { time: word("12:00:01"), date: word("Mon"), is_24_hour: true, timezone: word("UTC") },
        State::Calculator { display: word("4²"), operator: Some('÷'), has_error: false, memory: true },
        State::Calculator { display: word(""), operator: None, has_error: true, memory: false },
        State::Terminal { output: word("a\nb"), prompt: word("$ "), cursor: 7, ready: true },
    ]
}

fn inputs() -> Vec<Input> {
    let mut all = vec![
        Input::Button { name: "equals".to_owned() },
        Input::Text("héllo".to_owned()),
        Input::Key { code: 0x1f600, modifiers: MODIFIER_CTRL | MODIFIER_ALT },
        Input::Focus { gained: false },
    ];
    all.extend(ACTIONS.iter().map(|action| Input::Terminal { action: *action, text: "x".to_owned() }));
    all
}

#[test]
fn everything_round_trips() {
    for state in states() {
        assert_eq!(State::decode(&state.encode().unwrap()), Ok(state));
    }
    for input in inputs() {
        assert_eq!(Input::decode(&input.encode().unwrap()), Ok(input));
    }
}

#[test]
fn the_bytes_of_a_button() {
    let bytes = Input::Button { name: "C".to_owned() }.encode().unwrap();
    assert_eq!(bytes, [1, 0x10, 4, 0, 0x10, 1, 0, b'C']);
}

#[test]
fn a_truncated_or_padded_envelope_is_refused() {
    for state in states() {
        let bytes = state.encode().unwrap();
        for length in 0..bytes.len() {
            assert_eq!(State::decode(&bytes[..length]), Err(DecodeError::Length));
        }
        let mut padded = bytes;
        padded.push(0);
        assert_eq!(State::decode(&padded), Err(DecodeError::Length));
    }
}

#[test]
fn wrong_fields_are_refused() {
    let focus = Input::Focus { gained: true }.encode().unwrap();
    let changed = |index: usize, value: u8| {
        let mut bytes = focus.clone();
        bytes[index] = value;
        Input::decode(&bytes)
    };
    assert_eq!(changed(0, 2), Err(DecodeError::Version(2)));
    assert_eq!(changed(1, 0x12), Err(DecodeError::TagMismatch));
    assert_eq!(changed(5, 2), Err(DecodeError::Value));
    assert_eq!(State::decode(&focus), Err(DecodeError::UnknownTag(TAG_FOCUS)));
    assert_eq!(Input::decode(&[1, 0x11, 4, 0, 0x11, 1, 0, 0xff]), Err(DecodeError::Utf8));
    assert_eq!(Input::decode(&[1, 0x20, 4, 0, 0x20, 10, 0, 0]), Err(DecodeError::Value));
}

#[test]
fn a_state_larger_than_a_message_is_not_encoded() {
    assert_eq!(Input::Text("x".repeat(4096)).encode(), Err(EncodeError));
}
