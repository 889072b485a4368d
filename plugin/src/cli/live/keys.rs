//! What a key does.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What somebody who plays can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Past all effects, or back.
    Bypass,
    /// More of the amount.
    More,
    /// Less of it.
    Less,
    /// Output louder.
    Louder,
    /// Output softer.
    Softer,
    /// Silence, or sound again.
    Mute,
    /// Forgets what peaked and clipped.
    Clear,
    /// The end.
    Quit,
}

/// The action of a key, if it has one.
pub(super) fn action(key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c' | 'C') if control => Some(Action::Quit),
        _ if control => None,
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => Some(Action::Quit),
        KeyCode::Char('b' | 'B' | ' ') => Some(Action::Bypass),
        KeyCode::Up | KeyCode::Char('+' | '=') => Some(Action::More),
        KeyCode::Down | KeyCode::Char('-') => Some(Action::Less),
        KeyCode::Right => Some(Action::Louder),
        KeyCode::Left => Some(Action::Softer),
        KeyCode::Char('m' | 'M') => Some(Action::Mute),
        KeyCode::Char('c' | 'C') => Some(Action::Clear),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_what_the_screen_says() {
        let none = KeyModifiers::NONE;
        for (code, modifiers, expected) in [
            (KeyCode::Char('b'), none, Some(Action::Bypass)),
            (KeyCode::Char(' '), none, Some(Action::Bypass)),
            (KeyCode::Up, none, Some(Action::More)),
            (KeyCode::Char('+'), KeyModifiers::SHIFT, Some(Action::More)),
            (KeyCode::Down, none, Some(Action::Less)),
            (KeyCode::Char('-'), none, Some(Action::Less)),
            (KeyCode::Right, none, Some(Action::Louder)),
            (KeyCode::Left, none, Some(Action::Softer)),
            (KeyCode::Char('m'), none, Some(Action::Mute)),
            (KeyCode::Char('c'), none, Some(Action::Clear)),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, Some(Action::Quit)),
            (KeyCode::Char('b'), KeyModifiers::CONTROL, None),
            (KeyCode::Char('Q'), KeyModifiers::SHIFT, Some(Action::Quit)),
            (KeyCode::Esc, none, Some(Action::Quit)),
            (KeyCode::Char('x'), none, None),
        ] {
            assert_eq!(action(KeyEvent::new(code, modifiers)), expected, "{code:?}");
        }
        let release = KeyEvent::new_with_kind(KeyCode::Char('b'), none, KeyEventKind::Release);
        assert_eq!(action(release), None);
    }
}
