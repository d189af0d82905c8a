//! Keys in, line and cursor out: `|` marks the cursor.

use super::*;
use crate::keys::Decoder;

fn press(editor: &mut Editor, typed: &str) -> Outcome {
    let keys = Decoder::default().feed(typed.as_bytes());
    keys.into_iter().fold(Outcome::Edited, |_, key| editor.press(key))
}

fn after(typed: &str) -> String {
    let mut editor = Editor::default();
    press(&mut editor, typed);
    shown(&editor)
}

fn shown(editor: &Editor) -> String {
    let mut line = editor.text();
    line.insert(editor.before_cursor().len(), '|');
    line
}

#[test]
fn editing() {
    for (typed, line) in [
        ("abc", "abc|"),
        ("abc\x1b[D\x1b[DX", "aX|bc"),
        ("abc\u{1}X\u{5}Y", "XabcY|"),
        ("abc\x1b[D\u{7f}", "a|c"),
        ("abc\u{1}\x1b[3~", "|bc"),
        ("abc\u{1}\u{4}", "|bc"),
        ("one two\u{17}", "one |"),
        ("one two\u{17}\u{19}\u{19}", "one twotwo|"),
        ("one two\u{1}\x1b[1;5C\u{b}", "one|"),
        ("one two\x1bb\u{15}", "|two"),
        ("one two\u{1}\x1bd", "| two"),
        ("日本\x1b[D語", "日語|本"),
        ("e\u{301}x\x1b[D\x1b[D", "|e\u{301}x"),
        ("e\u{301}\u{7f}", "|"),
        ("\u{301}a", "a|"),
    ] {
        assert_eq!(after(typed), line, "{:?}", typed);
    }
}

#[test]
fn outcomes() {
    let mut editor = Editor::default();
    assert_eq!(press(&mut editor, "hi\r"), Outcome::Submitted("hi".to_owned()));
    assert_eq!(shown(&editor), "|");
    assert_eq!(press(&mut editor, "x\u{3}"), Outcome::Interrupted);
    assert_eq!(press(&mut editor, "\u{4}"), Outcome::EndOfInput);
    assert_eq!(press(&mut editor, "\t"), Outcome::Complete);
    assert_eq!(press(&mut editor, "\u{c}"), Outcome::ClearScreen);
    assert_eq!(press(&mut editor, "\x1b[8;24;99t"), Outcome::Resized(99));
}

#[test]
fn history_by_arrows() {
    let mut editor = Editor::default();
    press(&mut editor, "first\rsecond\rdraft");
    press(&mut editor, "\x1b[A\x1b[A");
    assert_eq!(shown(&editor), "first|");
    press(&mut editor, "\x1b[B\x1b[B");
    assert_eq!(shown(&editor), "draft|");
}

#[test]
fn searching() {
    let mut editor = Editor::default();
    press(&mut editor, "echo one\recho two\rps\r");
    press(&mut editor, "\u{12}ec");
    assert_eq!((editor.query(), shown(&editor).as_str()), (Some("ec"), "echo two|"));
    press(&mut editor, "\u{12}");
    assert_eq!(shown(&editor), "echo one|");
    assert_eq!(press(&mut editor, "\r"), Outcome::Submitted("echo one".to_owned()));
    press(&mut editor, "\u{12}zzz\u{7}");
    assert_eq!((editor.query(), shown(&editor).as_str()), (None, "|"));
}

#[test]
fn a_line_is_bounded() {
    let mut editor = Editor::default();
    editor.insert(&"x".repeat(MAX_LINE + 100));
    assert_eq!(editor.line().len(), MAX_LINE);
}
